package palette_test

import (
	"os/exec"
	"strings"
	"testing"
)

// The description of the API, and the library that reads it, are for generating
// and for tests; in the program they would cost start-up time.
func TestImportsStayLight(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range strings.Fields(string(out)) {
		if strings.Contains(path, "kin-openapi") || strings.HasSuffix(path, "/api/contract") || strings.Contains(path, "/test/") {
			t.Errorf("the client imports %s", path)
		}
	}
}
