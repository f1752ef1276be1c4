package palette_test

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/internal/palette"
)

// unready is a Palette of which one replica does not have a new profile yet when it is
// read for the first time.
func unready(t *testing.T, w *world, uid string) *palette.Client {
	t.Helper()
	var reads atomic.Int32
	return newClient(t, http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if w.Operation(r) == "v1ClusterProfilesGet" && strings.HasSuffix(r.URL.Path, uid) && reads.Add(1) == 1 {
			rw.Header().Set("Content-Type", "application/json")
			rw.WriteHeader(http.StatusNotFound)
			_, _ = rw.Write([]byte(`{"code": "ProfileNotFound", "message": "no"}`))
			return
		}
		w.ServeHTTP(rw, r)
	}), canary)
}

// A profile that was made a moment ago, and is not everywhere yet, is read again.
func TestNewProfileThatAReplicaLacks(t *testing.T) {
	w := newWorld(t)
	client := unready(t, w, "uid-000001")
	r := request(t, "fresh", newAMI, func(t *palette.Target) { t.Create, t.CloudType = true, "aws" })
	plan := planWith(t, client, r, palette.Goal{Publish: true, OSLayerAlone: true})
	report, err := client.Apply(t.Context(), plan, palette.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if report.State != palette.StatePublished {
		t.Errorf("got %s", report.State)
	}
}
