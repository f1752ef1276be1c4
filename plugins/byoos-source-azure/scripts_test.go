package main_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	vmib "github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/virtualmachineimagebuilder/armvirtualmachineimagebuilder/v2"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/kubectl-byoos/kubectl-byoos/test/fakeazure"
)

// leak is what VM Image Builder and Resource Manager may repeat of their requests.
const leak = "Packer build failed: https://scripts.blob.core.windows.net/s/setup.sh?sv=2021-08-06&sr=b&sp=r&sig=canarySAS%2Bghi1234567890%3D returned 403; " +
	"url=https%3A%2F%2Fscripts.blob.core.windows.net%2Fs%2Fx.sh%3Fsv%3D2021%26sig%3DcanaryEncoded%253D; " +
	"DefaultEndpointsProtocol=https;AccountName=scripts;AccountKey=canaryKey1234567890abcdefgh==;EndpointSuffix=core.windows.net; " +
	"Endpoint=sb://x/;SharedAccessKeyName=Root;SharedAccessKey=canaryBus=; git clone https://bob:canaryPassword@example.com/x.git failed"

// leaky is the estate with templates and an image that repeat leak.
func leaky(t testing.TB) *fakeazure.Estate {
	t.Helper()
	e := estate(t)
	add := func(name string, state vmib.RunState, message string) *fakeazure.Template {
		e.Templates = append(e.Templates, likeTemplate(e, "golden", name, &vmib.ImageTemplateLastRunStatus{RunState: &state, Message: &message}))
		return &e.Templates[len(e.Templates)-1]
	}
	add("leakyfailed", vmib.RunStateFailed, leak)
	// Cut where it may hurt: in the middle of the signature.
	add("leakylong", vmib.RunStateCanceled, strings.Repeat("x", 930)+" "+leak)
	odd := add("leakyoutput", vmib.RunStatePartiallySucceeded, leak)
	odd.Outputs[0].Properties = &vmib.RunOutputProperties{ArtifactID: to.Ptr("https://store.blob.core.windows.net/v.vhd?sig=canaryArtifact")}
	for _, m := range e.Images {
		if strings.HasSuffix(text(m.ID), "/golden-managed") {
			m.Tags["script"] = to.Ptr("https://scripts.blob.core.windows.net/x.sh?sv=1&sig=canaryTag")
		}
	}
	return e
}

func text(p *string) string {
	if p == nil {
		return ""
	}
	return *p
}

// TestScripts runs kubectl-byoos itself.
func TestScripts(t *testing.T) {
	examples, err := filepath.Abs("../../examples")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:           "testdata",
		UpdateScripts: os.Getenv("UPDATE_SCRIPTS") != "",
		Setup: func(env *testscript.Env) error {
			w := fakeazure.Start(fakeazure.Options{
				Estate: leaky(t), PageSize: 2, Secret: "canary-client-secret", Token: "canary-access-token",
				Faults: []fakeazure.Fault{{Match: "/galleries/leaky", Status: http.StatusBadRequest, Code: "BadRequest", Message: leak}},
			})
			env.Defer(w.Close)
			ca := filepath.Join(env.WorkDir, "ca.pem")
			if err := w.WriteCA(ca); err != nil {
				return err
			}
			for k, v := range w.Environment(ca) {
				env.Setenv(k, v)
			}
			env.Setenv("URL", w.URL())
			env.Setenv("EXAMPLES", examples)
			env.Setenv("AZURE_SUBSCRIPTION_ID", subscription)
			env.Setenv("HOME", filepath.Join(env.WorkDir, "home"))
			env.Setenv("XDG_CONFIG_HOME", filepath.Join(env.WorkDir, "config"))
			env.Setenv("PATH", bin()+string(filepath.ListSeparator)+env.Getenv("PATH"))
			return os.MkdirAll(filepath.Join(env.WorkDir, "home"), 0o700)
		},
	})
}
