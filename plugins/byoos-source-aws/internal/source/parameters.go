package source

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-aws/internal/ami"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
)

// maxNames is how many parameters one GetParameters call may ask for.
const maxNames = 10

var amiForm = regexp.MustCompile(`^ami-[0-9a-f]{8,17}$`)

// parameters sends the AMIs that SSM public parameters name in one region.
func (d *discovery) parameters(ctx context.Context, region string) error {
	names, err := d.readParameters(ctx, region)
	if err != nil {
		return err
	}
	found := map[string]bool{}
	err = d.reader(region).ByID(ctx, ids(names), func(page []types.Image) error {
		images := make([]sdk.Image, len(page))
		for i := range page {
			img := ami.Converter{Region: region, TagKeys: d.config.TagKeys}.Image(&page[i])
			found[img.ID] = true
			img.Provenance["id"] = sdk.Provenance{From: "api", Key: names[img.ID]}
			img.Reference = &sdk.Reference{Kind: "ssm-parameter", Value: names[img.ID]}
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
				ID: id, Provider: ami.Provider, Region: region, State: sdk.Gone,
				StateReason: "parameter " + names[id] + " names it, but EC2 does not show it to this account",
				Reference:   &sdk.Reference{Kind: "ssm-parameter", Value: names[id]},
			})
		}
	}
	return d.out.Images(missing...)
}

// readParameters returns parameter names by the AMI id in them.
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
		if len(out.InvalidParameters) > 0 {
			return nil, &sdk.Diagnostic{
				Severity: sdk.Error, ConfigPath: "ssmParameter", Scope: region,
				Summary:  fmt.Sprintf("there is no parameter %s in %s", strings.Join(out.InvalidParameters, ", "), region),
				NextStep: "check the name; aws ssm get-parameters-by-path --path /aws/service lists public ones",
			}
		}
		for _, p := range out.Parameters {
			name := aws.ToString(p.Name)
			id, ok := amiID(aws.ToString(p.Value))
			if !ok {
				return nil, &sdk.Diagnostic{
					Severity: sdk.Error, ConfigPath: "ssmParameter", Scope: region,
					Summary:  "parameter " + name + " does not hold an AMI id",
					NextStep: "name one that ends in /image_id or holds an id as it is",
				}
			}
			// SSM answers in any order; one AMI may have several names.
			if known, ok := names[id]; !ok || name < known {
				names[id] = name
			}
		}
	}
	return names, nil
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
