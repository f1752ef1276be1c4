package source

import (
	"reflect"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	sourcev1 "github.com/kubectl-byoos/kubectl-byoos/proto/byoos/source/v1"
	"github.com/kubectl-byoos/kubectl-byoos/test/filled"
)

// TestEveryFieldOfAnImageArrives fills all fields of the protocol's image: each of them
// changes the host's, and none of that stays empty.
func TestEveryFieldOfAnImageArrives(t *testing.T) {
	convert := func(m proto.Message) (i image.Image) {
		imageFrom(&i, m.(*sourcev1.Image), "golden")
		return i
	}
	message := &sourcev1.Image{}
	filled.Message(message)
	whole := convert(message)
	if empty := filled.EmptyFields(whole); len(empty) > 0 {
		t.Errorf("these fields of the host's image stay empty: %q", empty)
	}
	for field, less := range filled.Without(message) {
		if reflect.DeepEqual(convert(less), whole) {
			t.Errorf("%s of the protocol's image does not arrive", field)
		}
	}
}

// TestEveryFieldOfARequestIsSent is the same for what is asked.
func TestEveryFieldOfARequestIsSent(t *testing.T) {
	h := New(Options{UserSettings: map[string]map[string]any{"stub": {"endpoint": "x"}}})
	defer h.Close()
	request := Request{Source: "s", Plugin: &Plugin{Type: "stub"}, Config: map[string]any{"a": "b"}, BaseDir: "/specs", Regions: []string{"a"}, KubernetesVersions: []string{"1"}, IDs: []string{"i"}, Reads: true}
	filled.Struct(&request.Hints)
	discover, err := h.discoverRequest(request)
	if err != nil {
		t.Fatal(err)
	}
	var ref image.Ref
	filled.Struct(&ref)
	verify, err := h.verifyRequest(VerifyRequest{Source: "s", Plugin: &Plugin{Type: "stub"}, Config: map[string]any{"a": "b"}, BaseDir: "/specs", Regions: []string{"a"}, Refs: []image.Ref{ref, ref}})
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range []proto.Message{discover, verify, verify.GetRefs()[1]} {
		if empty := filled.Empty(m); len(empty) > 0 {
			t.Errorf("these fields are not sent: %q", empty)
		}
	}
}
