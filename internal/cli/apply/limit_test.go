package apply

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/kubectl-byoos/kubectl-byoos/internal/cli/invocation"
	"github.com/kubectl-byoos/kubectl-byoos/test/fakepalette"
)

const edgeSpec = `apiVersion: byoos.dev/v1alpha1
kind: ImageSet
packs:
  - name: edge
    pack: edge-native-byoi
    edge: {agentMode: true}
    target: {scope: tenant, profile: stores}
`

// late answers a question after some time.
type late struct {
	io.Reader
	clock *atomic.Int64
}

func (l late) Read(p []byte) (int, error) {
	l.clock.Add(int64(time.Hour))
	return l.Reader.Read(p)
}

// All of a run has --palette-timeout, for reading and writing together; the time that
// a person takes to answer is not Palette's.
func TestTimeoutIsOfAllOfARun(t *testing.T) {
	for name, c := range map[string]struct {
		reading time.Duration
		err     string
	}{
		"slow reading": {10*time.Minute + time.Second, "the time for Palette is over"},
		"slow answer":  {9 * time.Minute, ""},
	} {
		t.Run(name, func(t *testing.T) {
			layer := func(name, layer string) fakepalette.Layer {
				return fakepalette.Layer{Name: name, Layer: layer, Type: "spectro", Tag: "2.1.0", PackUID: name, RegistryUID: "reg", Values: "pack: {}\n"}
			}
			state := fakepalette.State{Packs: []fakepalette.Pack{{
				UID: "edge-native-byoi", Name: "edge-native-byoi", Version: "2.1.0", RegistryUID: "reg", Type: "spectro", Layer: "os", Values: "pack: {}\n",
			}}, Profiles: []*fakepalette.Profile{{
				UID: "profile-1", Name: "stores", Version: "1.0.0", CloudType: "edge-native", Type: "cluster",
				Published: []fakepalette.Layer{layer("edge-native-byoi", "os"), layer("kubernetes", "k8s")},
			}}}
			server, err := fakepalette.New(state)
			if err != nil {
				t.Fatal(err)
			}
			server.Key = "key"
			var clock atomic.Int64
			listener := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				clock.CompareAndSwap(0, int64(c.reading))
				server.ServeHTTP(w, r)
			}))
			defer listener.Close()
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "byoos.yaml"), []byte(edgeSpec), 0o600); err != nil {
				t.Fatal(err)
			}
			start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
			cmd := NewCommand(&invocation.Invocation{
				IOStreams:     genericiooptions.IOStreams{In: late{strings.NewReader("yes\n"), &clock}, Out: io.Discard, ErrOut: io.Discard},
				StdinTerminal: true, StderrTerminal: true, Dir: dir,
				Environ: []string{"SPECTROCLOUD_HOST=" + listener.URL, "SPECTROCLOUD_APIKEY=key"},
				Now:     func() time.Time { return start.Add(time.Duration(clock.Load())) },
			}, nil)
			cmd.SilenceErrors, cmd.SilenceUsage = true, true
			cmd.SetArgs([]string{"--publish"})
			err = cmd.ExecuteContext(t.Context())
			if c.err != "" {
				if err == nil || !strings.Contains(err.Error(), c.err) {
					t.Errorf("got %v", err)
				}
				for _, call := range server.Calls() {
					if call.Writes() {
						t.Errorf("it wrote: %+v", call)
					}
				}
				return
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
}
