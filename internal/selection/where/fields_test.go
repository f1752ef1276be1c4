package where_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/selection/where"
)

// TestEveryFieldOfAnImageIsKnown to expressions, by its name in JSON, but for those that
// say how a source came by the others.
func TestEveryFieldOfAnImageIsKnown(t *testing.T) {
	unknown := map[string]string{
		"provenance":   "it is about the other fields, for explain",
		"withheld":     "a policy of the source, which selection follows anyway",
		"evidence":     "how the source knows, which selection weighs anyway",
		"observedAt":   "another time at each run",
		"fullId":       "a longer form of id, which depends on the source",
		"spansRegions": "how a source lists regions",
	}
	var compiler where.Compiler
	for _, field := range reflect.VisibleFields(reflect.TypeFor[image.Image]()) {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		_, err := compiler.Compile("has(image." + name + ")")
		if reason := unknown[name]; (err == nil) == (reason != "") {
			t.Errorf("image.%s: %v; it should be unknown, as it is %q", name, err, reason)
		}
	}
}
