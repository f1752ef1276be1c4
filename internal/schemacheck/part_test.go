package schemacheck_test

import (
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/internal/schemacheck"
	"github.com/kubectl-byoos/kubectl-byoos/internal/yamldoc"
)

func TestPart(t *testing.T) {
	whole, err := schemacheck.Compile([]byte(schema))
	if err != nil {
		t.Fatal(err)
	}
	if part := whole.Part("/$defs/nobody"); part != nil {
		t.Errorf("a part that is not there is %v", part)
	}
	part := whole.Part("/$defs/os")
	if part == nil {
		t.Fatal("the part is not found")
	}
	node, problems := yamldoc.Read([]byte("nam: rhel\n"))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	if got := part.Check(node); len(got) != 1 || got[0].Line != 1 {
		t.Errorf("got %v", got)
	}
}
