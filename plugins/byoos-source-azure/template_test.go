package main_test

import (
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	vmib "github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/virtualmachineimagebuilder/armvirtualmachineimagebuilder/v2"
	gocmp "github.com/google/go-cmp/cmp"

	"github.com/kubectl-byoos/kubectl-byoos/test/fakeazure"
)

const rhel = "galleries/prod/images/golden-rhel-8/versions/1.2.3"

// templated is a source of an image template, and what it lists.
type templated struct {
	name   string
	config config
	want   []string
	said   []string
}

func TestTemplate(t *testing.T) {
	checkTemplates(t, []templated{
		{
			"succeeded", config{"template": "golden"},
			[]string{
				rhel + " eastus available", rhel + " westus2 available",
				"https://store.blob.core.windows.net/vhds/golden.vhd  unusable",
				"images/golden-managed eastus available",
			}, nil,
		},
		{
			"failed", config{"template": "broken"},
			[]string{rhel + " eastus available withheld", rhel + " westus2 available withheld"},
			[]string{"Failed at 2026-05-02T10:20:00Z", "not offered", "the customizer script exited with 1", "allowOlderOutput: true"},
		},
		{
			"failed, and older output asked for", config{"template": "broken", "allowOlderOutput": true},
			[]string{rhel + " eastus available", rhel + " westus2 available"},
			[]string{"warning: ", "Failed at 2026-05-02T10:20:00Z", "earlier run are offered"},
		},
		{
			"partial", config{"template": "partial"},
			[]string{rhel + " eastus available", rhel + " westus2 available"},
			[]string{"succeeded in part only", "nothing came out for managed"},
		},
		{
			"running", config{"template": "running"},
			[]string{rhel + " eastus available withheld", rhel + " westus2 available withheld"},
			[]string{"Running", "not offered"},
		},
	})
}

// What Azure leaves out of a template, or has not made yet, is told.
func TestTemplateSaysLess(t *testing.T) {
	checkTemplates(t, []templated{
		{
			"output is gone", config{"template": "stale"},
			[]string{"galleries/prod/images/golden-rhel-8/versions/1.0.0  gone"}, nil,
		},
		{
			"outputs are made", config{"template": "making"},
			[]string{
				strings.TrimSuffix(group, "Compute") + "VirtualMachineImages/imageTemplates/making/runOutputs/unnamed  pending",
				"galleries/prod/images/golden-rhel-8/versions/9.9.9  pending",
			}, []string{"Running", "not offered"},
		},
		{"never run", config{"template": "new"}, nil, []string{"it has never run"}},
		{
			"no word of the last run", config{"template": "silent"},
			[]string{rhel + " eastus available", rhel + " westus2 available"},
			[]string{"warning: template: image template silent: Azure does not say how the last run ended; its outputs are offered"},
		},
		{
			"in another letter case", config{"template": "shouting"},
			[]string{rhel + " eastus available", rhel + " westus2 available"}, nil,
		},
		{
			"relative", config{"template": "partial", "idForm": "relative"},
			[]string{rhel + " eastus available", rhel + " westus2 available"}, nil,
		},
	})
}

func checkTemplates(t *testing.T, tests []templated) {
	t.Helper()
	e := estate(t)
	e.Templates = append(e.Templates, likeTemplate(e, "golden", "silent", nil),
		likeTemplate(e, "golden", "shouting", &vmib.ImageTemplateLastRunStatus{RunState: to.Ptr(vmib.RunState("SUCCEEDED"))}),
		making(likeTemplate(e, "running", "making", &vmib.ImageTemplateLastRunStatus{RunState: to.Ptr(vmib.RunStateRunning)})))
	w := start(t, fakeazure.Options{PageSize: 1, Estate: e}, nil)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.config["resourceGroup"] = "IMAGES" // Azure does not mind the case
			r := w.good(t, tt.config)
			if diff := gocmp.Diff(tt.want, lines(r.Images)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			wants(t, said(r), tt.said...)
			if tt.said == nil && len(r.Diagnostics) > 0 && tt.name != "relative" {
				t.Errorf("said %s", said(r))
			}
		})
	}
}

// likeTemplate returns a template with the gallery output of another one, and with
// another status of the last run.
func likeTemplate(e *fakeazure.Estate, like, name string, status *vmib.ImageTemplateLastRunStatus) fakeazure.Template {
	for _, t := range e.Templates {
		if !strings.HasSuffix(*t.Template.ID, "/"+like) {
			continue
		}
		properties := *t.Template.Properties
		properties.LastRunStatus = status
		made := fakeazure.Template{Template: &vmib.ImageTemplate{
			ID: to.Ptr(strings.TrimSuffix(*t.Template.ID, like) + name), Name: to.Ptr(name), Location: t.Template.Location, Properties: &properties,
		}}
		for _, o := range t.Outputs {
			if o.Properties.ArtifactID != nil && strings.Contains(*o.Properties.ArtifactID, "/galleries/") {
				output := *o
				output.ID = nil
				made.Outputs = append(made.Outputs, &output)
			}
		}
		return made
	}
	return fakeazure.Template{}
}

// making gives a template outputs that are not there yet.
func making(t fakeazure.Template) fakeazure.Template {
	output := func(name string, artifact *string) *vmib.RunOutput {
		return &vmib.RunOutput{
			ID: to.Ptr(*t.Template.ID + "/runOutputs/" + name), Name: to.Ptr(name),
			Properties: &vmib.RunOutputProperties{ArtifactID: artifact, ProvisioningState: to.Ptr(vmib.ProvisioningState("creating"))},
		}
	}
	t.Outputs = []*vmib.RunOutput{output("named", to.Ptr(prod+"golden-rhel-8/versions/9.9.9")), output("unnamed", nil)}
	return t
}
