package source

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	vmib "github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/virtualmachineimagebuilder/armvirtualmachineimagebuilder/v2"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-azure/internal/azureapi"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-azure/internal/machineimage"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-azure/internal/resourceid"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
)

// lastRun is what a template says of its last run. Run outputs outlive it: when
// a later run fails, the outputs of the one before are still listed.
type lastRun struct {
	state   vmib.RunState // empty when there was none, or Azure does not say
	message string
	start   time.Time
	end     time.Time
}

func lastRunOf(t *vmib.ImageTemplate) lastRun {
	if t.Properties == nil || t.Properties.LastRunStatus == nil {
		return lastRun{}
	}
	s := t.Properties.LastRunStatus
	var r lastRun
	r.state = vmib.RunState(machineimage.Spelled(s.RunState, vmib.PossibleRunStateValues()))
	if s.Message != nil {
		r.message = *s.Message
	}
	if s.StartTime != nil {
		r.start = *s.StartTime
	}
	if s.EndTime != nil {
		r.end = *s.EndTime
	}
	return r
}

// good says that all listed outputs are those of the last run, or that nothing
// speaks against it: the status is an optional field, and so is its state.
func (r lastRun) good() bool { return r.state == vmib.RunStateSucceeded || r.state == "" }

func (r lastRun) partial() bool { return r.state == vmib.RunStatePartiallySucceeded }

func (r lastRun) String() string {
	if r.end.IsZero() {
		return string(r.state)
	}
	return string(r.state) + " at " + r.end.UTC().Format(time.RFC3339)
}

// made says whether the last run can have made an image of that age; known is
// false when the times do not tell.
func (r lastRun) made(at time.Time) (fresh, known bool) {
	if at.IsZero() || r.start.IsZero() {
		return true, false
	}
	return !at.Before(r.start), true
}

// date gives an image of the last run, which has no time of its own as some managed
// images have none, the time at which that ended.
func (r lastRun) date(image *sdk.Image, o *vmib.RunOutputProperties) {
	at, key := r.end, "lastRunStatus.endTime"
	if at.IsZero() {
		at, key = r.start, "lastRunStatus.startTime"
	}
	if r.state != vmib.RunStateSucceeded || !image.CreatedAt.IsZero() || at.IsZero() || !done(o) {
		return
	}
	image.CreatedAt = at
	image.Provenance["createdAt"] = sdk.Provenance{From: "api", Key: key}
}

// done says that an output was made, or that nothing speaks against it.
func done(o *vmib.RunOutputProperties) bool {
	return text(o.ProvisioningState) == "" || strings.EqualFold(text(o.ProvisioningState), string(vmib.ProvisioningStateSucceeded))
}

// template reads the run outputs of an image template, each from the resource it
// names.
func (d *discovery) template(ctx context.Context) error {
	subscription := d.subscriptions[0]
	where := "image template " + d.Template
	t, err := d.api.Template(ctx, subscription, d.ResourceGroup, d.Template)
	if err != nil {
		return d.diagnose(ctx, err, where, "template")
	}
	run := lastRunOf(t)
	var outputs []*vmib.RunOutput
	list := listing{of: map[string]string{"subscriptions": subscription, "resourcegroups": d.ResourceGroup, "imagetemplates": d.Template}}
	err = d.api.RunOutputs(ctx, subscription, d.ResourceGroup, d.Template, func(o *vmib.RunOutput) error {
		if list.ours(o.ID) {
			outputs = append(outputs, named(o))
		}
		return nil
	})
	if err != nil {
		return d.diagnose(ctx, err, "the run outputs of "+where, "template")
	}
	if err := list.tell(d.report, where); err != nil {
		return err
	}
	if err := d.tellRun(run, t, outputs); err != nil {
		return err
	}
	d.begin(len(outputs))
	return each(ctx, outputs, func(ctx context.Context, o *vmib.RunOutput) error {
		name := text(o.Name)
		if err := d.output(ctx, run, o); err != nil {
			if err := d.tell(ctx, err, "run output "+name+" of "+where, "template"); err != nil {
				return err
			}
		}
		return d.finished("run output " + name)
	})
}

// named returns an output with a name, from its id when Azure gives none.
func named(o *vmib.RunOutput) *vmib.RunOutput {
	if name := resourceid.Parts(text(o.ID))["runoutputs"]; o.Name == nil && name != "" {
		o.Name = &name
	}
	return o
}

// tellRun reports a last run that was not a plain success.
func (d *discovery) tellRun(run lastRun, t *vmib.ImageTemplate, outputs []*vmib.RunOutput) error {
	diagnostic := sdk.Diagnostic{
		Severity: sdk.Warning, ConfigPath: "template", Scope: "image template " + d.Template,
		Detail: azureapi.Problem{Secrets: d.secrets}.Clean(run.message),
	}
	switch {
	case run.state == vmib.RunStateSucceeded && len(outputs) > 0:
		return nil
	case run.state == vmib.RunStateSucceeded:
		diagnostic.Summary = "the last run has no outputs"
	case run.partial():
		diagnostic.Summary = "the last run succeeded in part only"
		if lost := withoutOutput(t, outputs); len(lost) > 0 {
			diagnostic.Summary += "; nothing came out for " + abbreviated(lost)
		}
		diagnostic.NextStep = "run the template again: az image builder run -g " + d.ResourceGroup + " -n " + d.Template
	case run.state == "" && len(outputs) == 0:
		diagnostic.Summary = "it has never run"
		diagnostic.NextStep = "run it: az image builder run -g " + d.ResourceGroup + " -n " + d.Template
	case run.state == "":
		diagnostic.Summary = "Azure does not say how the last run ended; its outputs are offered"
		diagnostic.NextStep = "see the run: az image builder show -g " + d.ResourceGroup + " -n " + d.Template + " --query lastRunStatus"
	case d.AllowOlderOutput:
		diagnostic.Summary = fmt.Sprintf("the last run is %s; outputs of an earlier run are offered, as allowOlderOutput asks", run)
	default:
		diagnostic.Summary = fmt.Sprintf("the last run is %s; outputs of an earlier run are not offered", run)
		diagnostic.NextStep = "run the template to the end, or set allowOlderOutput: true to use what an earlier run made"
	}
	return d.report(diagnostic)
}

// withoutOutput lists the template's distribution targets that have no output.
func withoutOutput(t *vmib.ImageTemplate, outputs []*vmib.RunOutput) []string {
	if t.Properties == nil {
		return nil
	}
	var lost []string
	for _, target := range t.Properties.Distribute {
		if target == nil {
			continue
		}
		base := target.GetImageTemplateDistributor()
		if base == nil || base.RunOutputName == nil {
			continue
		}
		name := *base.RunOutputName
		if !slices.ContainsFunc(outputs, func(o *vmib.RunOutput) bool { return strings.EqualFold(text(o.Name), name) }) {
			lost = append(lost, name)
		}
	}
	slices.Sort(lost)
	return lost
}

// output sends the images of one run output.
func (d *discovery) output(ctx context.Context, run lastRun, o *vmib.RunOutput) error {
	p := o.Properties
	if p == nil {
		p = &vmib.RunOutputProperties{}
	}
	artifact := text(p.ArtifactID)
	if artifact == "" && text(p.ArtifactURI) == "" && underWay(p) {
		return d.out.Images(d.pending(o))
	}
	if artifact == "" && text(p.ArtifactURI) == "" {
		const unsaid = "Azure does not say which image the run output is"
		err := d.report(sdk.Diagnostic{
			Severity: sdk.Warning, ConfigPath: "template", Scope: "run output " + text(o.Name), Summary: unsaid,
			NextStep: "see it: az image builder show-runs -g " + d.ResourceGroup + " -n " + d.Template,
		})
		return cmp.Or(err, d.out.Images(d.unusable(o, "", unsaid)))
	}
	if artifact == "" {
		return d.out.Images(d.unusable(o, withoutQuery(text(p.ArtifactURI)),
			"a VHD in a storage account is nothing a cluster can boot from; give the template a SharedImage or ManagedImage target"))
	}
	id, err := resourceid.Parse(artifact)
	if err != nil {
		return d.out.Images(d.unusable(o, artifact, "the output is neither a gallery version nor a managed image"))
	}
	images, err := d.resource(ctx, id)
	switch {
	case err != nil && azureapi.NotFound(err) && underWay(p):
		made := d.pending(o)
		d.opt.Identify(&made, id)
		return d.out.Images(made)
	case err != nil && azureapi.NotFound(err):
		gone := d.unusable(o, "", "the run output names it, but it does not exist any more")
		d.opt.Identify(&gone, id)
		gone.State, gone.Evidence = sdk.Gone, sdk.Asked
		return d.out.Images(gone)
	case err != nil:
		return err
	}
	for i := range images {
		run.date(&images[i], p)
		d.judge(&images[i], run, o)
	}
	if err := d.tellAge(run, o, images); err != nil {
		return err
	}
	var list listing
	list.place(images)
	return cmp.Or(list.tell(d.report, "run output "+text(o.Name)), d.out.Images(images...))
}

// underWay says whether an output is still being made.
func underWay(p *vmib.RunOutputProperties) bool {
	switch vmib.ProvisioningState(machineimage.Spelled(p.ProvisioningState, vmib.PossibleProvisioningStateValues())) {
	case vmib.ProvisioningStateCreating, vmib.ProvisioningStateUpdating:
		return true
	}
	return false
}

// pending returns the image that an output is to be.
func (d *discovery) pending(o *vmib.RunOutput) sdk.Image {
	image := d.unusable(o, "", "the provisioning state of its run output is "+text(o.Properties.ProvisioningState))
	image.State = sdk.Pending
	return image
}

// judge applies what the template says of its output to an image of it: whether it
// is offered. The state is what Compute says.
func (d *discovery) judge(image *sdk.Image, run lastRun, o *vmib.RunOutput) {
	attributes := map[string]string{"imageTemplate": d.Template, "runOutput": text(o.Name)}
	if run.state != "" {
		attributes["lastRunState"] = string(run.state)
	}
	maps.Copy(attributes, image.Attributes)
	image.Attributes = attributes
	image.Reference = &sdk.Reference{Kind: templateReference, Value: d.templateID()}
	image.Withheld = d.withheld(run, image.CreatedAt, o.Properties)
}

// templateReference is the kind of reference of images that one template makes side by
// side: none of its outputs is newer than another.
const templateReference = "image-template"

func (d *discovery) templateID() string {
	return strings.ToLower("/subscriptions/" + d.subscriptions[0] + "/resourceGroups/" + d.ResourceGroup +
		"/providers/Microsoft.VirtualMachineImages/imageTemplates/" + d.Template)
}

// withheld is why an output that was made at a time is not offered; empty when it is.
func (d *discovery) withheld(run lastRun, made time.Time, o *vmib.RunOutputProperties) string {
	if !done(o) {
		return "the provisioning state of its run output is " + text(o.ProvisioningState)
	}
	if run.good() || d.AllowOlderOutput {
		return ""
	}
	if fresh, _ := run.made(made); run.partial() && fresh {
		return ""
	}
	return fmt.Sprintf("it is the output of an earlier run, and the last run of image template %s is %s; allowOlderOutput offers it", d.Template, run)
}

// tellAge tells of an output of a run that succeeded in part, when the times do not
// tell whether it is of that run.
func (d *discovery) tellAge(run lastRun, o *vmib.RunOutput, images []sdk.Image) error {
	if !run.partial() || d.AllowOlderOutput || len(images) == 0 {
		return nil
	}
	if _, known := run.made(images[0].CreatedAt); known {
		return nil
	}
	return d.report(sdk.Diagnostic{
		Severity: sdk.Warning, ConfigPath: "template", Scope: "run output " + text(o.Name),
		Summary: "it is offered, and whether it is of the last run, which succeeded in part, cannot be told",
	})
}

// unusable returns an image that is shown with the reason why it is none, as the
// record of its run has it.
func (d *discovery) unusable(o *vmib.RunOutput, id, reason string) sdk.Image {
	if id == "" {
		id = text(o.ID)
	}
	return sdk.Image{
		ID: id, Provider: "azure", NewestBy: d.opt.NewestBy, Name: text(o.Name), State: sdk.Unusable, StateReason: reason, Evidence: sdk.Recorded,
		Attributes: map[string]string{"imageTemplate": d.Template, "runOutput": text(o.Name)},
		Provenance: map[string]sdk.Provenance{"id": {From: "api", Key: "runOutputs." + text(o.Name)}},
	}
}

// withoutQuery drops a URL's query: a signature there is a credential.
func withoutQuery(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return ""
	}
	u.RawQuery, u.Fragment, u.User = "", "", nil
	return u.String()
}

// resource reads the image that id names, with its replication status.
func (s *session) resource(ctx context.Context, id resourceid.ID) ([]sdk.Image, error) {
	switch id.Kind {
	case resourceid.ManagedImage:
		m, err := s.api.ManagedImage(ctx, id.Subscription, id.ResourceGroup, id.Name)
		if err != nil {
			return nil, err
		}
		return []sdk.Image{machineimage.FromManaged(id, m, s.opt)}, nil
	case resourceid.GalleryVersion:
		v, err := s.api.Version(ctx, id.Subscription, id.ResourceGroup, id.Gallery, id.Definition, id.Version)
		if err != nil {
			return nil, err
		}
		g, err := s.api.Definition(ctx, id.Subscription, id.ResourceGroup, id.Gallery, id.Definition)
		if err != nil {
			return nil, err
		}
		return machineimage.FromVersion(id, machineimage.FromGalleryImage(g), v, s.opt), nil
	}
	return nil, fmt.Errorf("%s is not in a subscription", id)
}

func text[T ~string](p *T) string {
	if p == nil {
		return ""
	}
	return string(*p)
}
