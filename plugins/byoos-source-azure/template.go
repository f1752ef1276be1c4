package main

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"net/url"
	"strings"
	"time"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-azure/internal/arm"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-azure/internal/imagebuilder"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-azure/internal/resourceid"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
)

// template reads the run outputs of an image template, each from the resource it
// names.
func (d *discovery) template(ctx context.Context) error {
	where := "image template " + d.Template
	id := imagebuilder.ID(d.subscriptions[0], d.ResourceGroup, d.Template)
	t, err := imagebuilder.Get(ctx, d.api, id)
	if err != nil {
		return d.diagnose(ctx, err, where, "template")
	}
	run := t.Properties.LastRunStatus
	var outputs []imagebuilder.Output
	list := listingOf(d.subscriptions[0], d.ResourceGroup, "")
	list.of["imagetemplates"] = d.Template
	err = imagebuilder.Outputs(ctx, d.api, id, func(o imagebuilder.Output) error {
		if list.ours(o.ID) {
			outputs = append(outputs, o)
		}
		return nil
	})
	if err != nil {
		return d.diagnose(ctx, err, "the run outputs of "+where, "template")
	}
	if err := list.tell(d.report, where); err != nil {
		return err
	}
	if err := d.tellRun(t, outputs); err != nil {
		return err
	}
	d.begin(len(outputs))
	return each(ctx, outputs, func(ctx context.Context, o imagebuilder.Output) error {
		if err := d.output(ctx, run, o); err != nil {
			if err := d.tell(ctx, err, "run output "+o.Name+" of "+where, "template"); err != nil {
				return err
			}
		}
		return d.finished("run output " + o.Name)
	})
}

// tellRun reports a last run that was not a plain success.
func (d *discovery) tellRun(t imagebuilder.Template, outputs []imagebuilder.Output) error {
	run := t.Properties.LastRunStatus
	diagnostic := sdk.Diagnostic{
		Severity: sdk.Warning, ConfigPath: "template", Scope: "image template " + d.Template,
		Detail: arm.Problem{Secrets: d.secrets}.Clean(run.Message),
	}
	switch {
	case run.State() == imagebuilder.Succeeded && len(outputs) > 0:
		return nil
	case run.State() == imagebuilder.Succeeded:
		diagnostic.Summary = "the last run has no outputs"
	case run.Partial():
		diagnostic.Summary = "the last run succeeded in part only"
		if lost := t.Lost(outputs); len(lost) > 0 {
			diagnostic.Summary += "; nothing came out for " + abbreviated(lost)
		}
		diagnostic.NextStep = "run the template again: az image builder run -g " + d.ResourceGroup + " -n " + d.Template
	case run.State() == "" && len(outputs) == 0:
		diagnostic.Summary = "it has never run"
		diagnostic.NextStep = "run it: az image builder run -g " + d.ResourceGroup + " -n " + d.Template
	case run.State() == "":
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

// output sends the images of one run output.
func (d *discovery) output(ctx context.Context, run imagebuilder.Run, o imagebuilder.Output) error {
	artifact, address := o.Properties.ArtifactID, o.Properties.ArtifactURI
	if artifact == "" && address == "" && o.UnderWay() {
		return d.out.Images(d.pending(o))
	}
	if artifact == "" && address == "" {
		const unsaid = "Azure does not say which image the run output is"
		err := d.report(sdk.Diagnostic{
			Severity: sdk.Warning, ConfigPath: "template", Scope: "run output " + o.Name, Summary: unsaid,
			NextStep: "see it: az image builder show-runs -g " + d.ResourceGroup + " -n " + d.Template,
		})
		return cmp.Or(err, d.out.Images(d.unusable(o, "", unsaid)))
	}
	if artifact == "" {
		return d.out.Images(d.unusable(o, withoutQuery(address),
			"a VHD in a storage account is nothing a cluster can boot from; give the template a SharedImage or ManagedImage target"))
	}
	id, err := resourceid.Parse(artifact)
	if err != nil || id.Regional() {
		return d.out.Images(d.unusable(o, artifact, "the output is neither a gallery version nor a managed image"))
	}
	images, err := d.resource(ctx, id)
	switch {
	case arm.NotFound(err) && o.UnderWay():
		made := d.pending(o)
		d.opt.Identify(&made, id)
		return d.out.Images(made)
	case arm.NotFound(err):
		gone := d.unusable(o, "", "the run output names it, but it does not exist any more")
		d.opt.Identify(&gone, id)
		gone.State, gone.Evidence = sdk.Gone, sdk.Asked
		return d.out.Images(gone)
	case err != nil:
		return err
	}
	for i := range images {
		run.Date(&images[i], o)
		d.judge(&images[i], run, o)
	}
	if err := d.tellAge(run, o, images); err != nil {
		return err
	}
	var list listing
	list.place(images)
	return cmp.Or(list.tell(d.report, "run output "+o.Name), d.out.Images(images...))
}

// pending returns the image that an output is to be.
func (d *discovery) pending(o imagebuilder.Output) sdk.Image {
	image := d.unusable(o, "", "the provisioning state of its run output is "+o.Properties.ProvisioningState)
	image.State = sdk.Pending
	return image
}

// judge applies what the template says of its output to an image of it: whether it
// is offered. The state is what Compute says.
func (d *discovery) judge(image *sdk.Image, run imagebuilder.Run, o imagebuilder.Output) {
	attributes := map[string]string{"imageTemplate": d.Template, "runOutput": o.Name}
	if run.State() != "" {
		attributes["lastRunState"] = run.State()
	}
	maps.Copy(attributes, image.Attributes)
	image.Attributes = attributes
	image.Reference = &sdk.Reference{
		Kind: templateReference, Value: strings.ToLower(imagebuilder.ID(d.subscriptions[0], d.ResourceGroup, d.Template)),
	}
	image.Withheld = d.withheld(run, image.CreatedAt, o)
}

// templateReference is the kind of reference of images that one template makes side by
// side: none of its outputs is newer than another.
const templateReference = "image-template"

// withheld is why an output that was made at a time is not offered; empty when it is.
func (d *discovery) withheld(run imagebuilder.Run, made time.Time, o imagebuilder.Output) string {
	if !o.Done() {
		return "the provisioning state of its run output is " + o.Properties.ProvisioningState
	}
	if run.Good() || d.AllowOlderOutput {
		return ""
	}
	if fresh, _ := run.Made(made); run.Partial() && fresh {
		return ""
	}
	return fmt.Sprintf("it is the output of an earlier run, and the last run of image template %s is %s; allowOlderOutput offers it", d.Template, run)
}

// tellAge tells of an output of a run that succeeded in part, when the times do not
// tell whether it is of that run.
func (d *discovery) tellAge(run imagebuilder.Run, o imagebuilder.Output, images []sdk.Image) error {
	if !run.Partial() || d.AllowOlderOutput {
		return nil
	}
	if _, known := run.Made(images[0].CreatedAt); known {
		return nil
	}
	return d.report(sdk.Diagnostic{
		Severity: sdk.Warning, ConfigPath: "template", Scope: "run output " + o.Name,
		Summary: "it is offered, and whether it is of the last run, which succeeded in part, cannot be told",
	})
}

// unusable returns an image that is shown with the reason why it is none, as the
// record of its run has it.
func (d *discovery) unusable(o imagebuilder.Output, id, reason string) sdk.Image {
	if id == "" {
		id = o.ID
	}
	return sdk.Image{
		ID: id, Provider: "azure", NewestBy: d.opt.NewestBy, Name: o.Name, State: sdk.Unusable, StateReason: reason, Evidence: sdk.Recorded,
		Attributes: map[string]string{"imageTemplate": d.Template, "runOutput": o.Name},
		Provenance: map[string]sdk.Provenance{"id": {From: "api", Key: "runOutputs." + o.Name}},
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
