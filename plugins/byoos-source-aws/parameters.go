package main

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-aws/internal/ami"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-aws/internal/settings"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
)

// maxNames is how many parameters one GetParameters call may ask for.
const maxNames = 10

var amiForm = regexp.MustCompile(`^ami-[0-9a-f]{8,17}$`)

// parametersOf sends the AMIs that SSM parameters name in regions. One that is missing is
// told when all are read, as it may be in another.
func (d *discovery) parametersOf(ctx context.Context, regions []string) error {
	if err := d.eachRegion(ctx, regions, d.parameters); err != nil {
		return err
	}
	return d.parameterPlaces.tell(d)
}

// parameterPlaces are where parameters are.
type parameterPlaces struct {
	mu      sync.Mutex
	there   map[string]bool // by name
	missing [][2]string     // region and name
}

func (p *parameterPlaces) note(there, missing []string, region string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.there == nil {
		p.there = map[string]bool{}
	}
	for _, name := range there {
		p.there[name] = true
	}
	for _, name := range missing {
		p.missing = append(p.missing, [2]string{region, name})
	}
}

// tell makes a warning of a parameter that another region has: the packs of this one may
// have images of other sources, and fail by themselves where they have not.
func (p *parameterPlaces) tell(d *discovery) error {
	slices.SortFunc(p.missing, func(a, b [2]string) int { return slices.Compare(a[:], b[:]) })
	for _, at := range p.missing {
		region, name := at[0], at[1]
		severity := sdk.Error
		if p.there[name] && d.onlySelected(region) {
			severity = sdk.Warning
		}
		err := d.parameterProblem(severity, region, fmt.Sprintf("there is no parameter %s in %s", name, region),
			"check the name; aws ssm get-parameters-by-path --path /aws/service lists public ones")
		if err != nil {
			return err
		}
	}
	return nil
}

// parameters sends the AMIs that SSM parameters name in one region.
func (d *discovery) parameters(ctx context.Context, region string) error {
	names, err := d.readParameters(ctx, region)
	if err != nil {
		return err
	}
	refused, err := d.strangersBehind(ctx, region, names)
	if err != nil {
		return err
	}
	convert := d.converter(region)
	if slices.ContainsFunc(d.config.SSMParameter, func(name string) bool { return !settings.PublicParameter(name) }) {
		convert.Account = d.account(ctx)
	}
	found := map[string]bool{}
	err = d.reader(region).ByID(ctx, ids(names), func(page []ec2types.Image) error {
		images := make([]sdk.Image, len(page))
		for i := range page {
			img := convert.Image(&page[i])
			found[img.ID] = true
			img.Provenance["id"] = sdk.Provenance{From: "api", Key: names[img.ID]}
			img.Reference = &sdk.Reference{Kind: "ssm-parameter", Value: names[img.ID]}
			if refused(img.ID) {
				img.Withheld = fmt.Sprintf("AMI of account %s, which is not among the owners (%s); parameter %s names it",
					img.OwnerID, ami.OwnersText(d.config.ParameterOwners), names[img.ID])
			}
			images[i] = img
		}
		return d.out.Images(images...)
	})
	if err != nil {
		return err
	}
	var missing []sdk.Image
	for _, id := range ids(names) {
		if !found[id] {
			missing = append(missing, sdk.Image{
				ID: id, Provider: ami.Provider, Region: region, Evidence: sdk.Recorded,
				Withheld:  "parameter " + names[id] + " names it, but EC2 does not show it to this account",
				Reference: &sdk.Reference{Kind: "ssm-parameter", Value: names[id]},
			})
		}
	}
	return d.out.Images(missing...)
}

// strangersBehind tells which AMIs are not of the owners. Anyone who may write
// a parameter of the account may write any AMI's id; public parameters are written
// by AWS and its partners. EC2 itself applies the owners.
func (d *discovery) strangersBehind(ctx context.Context, region string, names map[string]string) (func(id string) bool, error) {
	var own []string
	for _, id := range ids(names) {
		if !settings.PublicParameter(names[id]) {
			own = append(own, id)
		}
	}
	trusted := map[string]bool{}
	for _, owners := range ami.Searches(d.config.ParameterOwners) {
		err := d.reader(region).ByIDOf(ctx, owners, own, func(page []ec2types.Image) error {
			for i := range page {
				trusted[aws.ToString(page[i].ImageId)] = true
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return func(id string) bool { return slices.Contains(own, id) && !trusted[id] }, nil
}

// readParameters returns parameter names by the AMI id in them. A parameter that
// has none is reported, and the others go on.
func (d *discovery) readParameters(ctx context.Context, region string) (map[string]string, error) {
	client := d.session.SSM(region)
	names := map[string]string{}
	wanted := slices.Clone([]string(d.config.SSMParameter))
	slices.Sort(wanted)
	for chunk := range slices.Chunk(slices.Compact(wanted), maxNames) {
		var out *ssm.GetParametersOutput
		err := d.session.Do(ctx, func(ctx context.Context) (err error) {
			out, err = client.GetParameters(ctx, &ssm.GetParametersInput{Names: chunk})
			return err
		})
		if err != nil {
			return nil, err
		}
		if err := d.noteParameters(out, chunk, region, names); err != nil {
			return nil, err
		}
	}
	return names, nil
}

// noteParameters puts what SSM answered for some names into ids. SSM answers in
// any order, and need not repeat a name.
func (d *discovery) noteParameters(out *ssm.GetParametersOutput, asked []string, region string, ids map[string]string) error {
	left := slices.Clone(asked)
	for _, p := range out.Parameters {
		name := askedAs(p, left)
		left = slices.DeleteFunc(left, func(n string) bool { return n == name })
		id, ok := amiID(aws.ToString(p.Value))
		if !ok {
			err := d.parameterProblem(sdk.Error, region, "parameter "+name+" does not hold an AMI id", "name one that ends in /image_id or holds an id as it is")
			if err != nil {
				return err
			}
			continue
		}
		// One AMI may have several names.
		if known, ok := ids[id]; !ok || before(name, known) {
			ids[id] = name
		}
	}
	missing := slices.DeleteFunc(slices.Clone(left), func(name string) bool { return !slices.Contains(out.InvalidParameters, name) })
	d.parameterPlaces.note(slices.DeleteFunc(slices.Clone(asked), func(name string) bool { return slices.Contains(left, name) }), missing, region)
	for _, name := range left {
		if slices.Contains(missing, name) {
			continue
		}
		if err := d.parameterProblem(sdk.Error, region, "SSM does not say what parameter "+name+" holds", "try again"); err != nil {
			return err
		}
	}
	return nil
}

func (d *discovery) parameterProblem(severity sdk.Severity, region, summary, next string) error {
	return d.out.Report(sdk.Diagnostic{Severity: severity, ConfigPath: "ssmParameter", Scope: region, Summary: summary, NextStep: next})
}

// askedAs returns the name that was asked for and is not answered yet, which may have a
// version or label after a colon. SSM may leave out which it was; then the version tells.
func askedAs(p types.Parameter, left []string) string {
	name := aws.ToString(p.Name)
	for _, full := range []string{name + aws.ToString(p.Selector), fmt.Sprintf("%s:%d", name, p.Version)} {
		if slices.Contains(left, full) {
			return full
		}
	}
	for _, l := range left {
		plain, _, _ := strings.Cut(l, ":")
		if plain == name || name == "" && len(left) == 1 {
			return l
		}
	}
	return name
}

// before puts public parameters first.
func before(name, known string) bool {
	if public := settings.PublicParameter(name); public != settings.PublicParameter(known) {
		return public
	}
	return name < known
}

// amiID reads an AMI id, as it is or as image_id of a JSON object (ECS).
func amiID(value string) (string, bool) {
	value = strings.TrimSpace(value)
	if amiForm.MatchString(value) {
		return value, true
	}
	var object struct {
		ImageID string `json:"image_id"`
	}
	if err := json.Unmarshal([]byte(value), &object); err != nil {
		return "", false
	}
	return object.ImageID, amiForm.MatchString(object.ImageID)
}
