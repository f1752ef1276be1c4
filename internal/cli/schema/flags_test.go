package schema_test

import (
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/internal/cli/schema"
	"github.com/kubectl-byoos/kubectl-byoos/test/clitest"
)

func TestFlags(t *testing.T) {
	command := clitest.Command[schema.Options]{New: schema.NewCommand}
	command.Makes(t, map[string]func(*schema.Options){
		"":     func(o *schema.Options) { o.Names = nil },
		"lock": func(o *schema.Options) { o.Names = []string{"lock"} },
	})
	command.Refuses(t, map[string]string{"spec lock": "accepts at most 1 arg(s), received 2", "-o json": "unknown shorthand flag"})
}
