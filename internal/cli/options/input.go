package options

import (
	"context"

	"github.com/kubectl-byoos/kubectl-byoos/internal/cli/invocation"
	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/interrupt"
)

// ReadInput reads a file that the user named by a flag, which may be a pipe, until
// ctx ends; what says what it is. One that cannot be read is a usage error.
func ReadInput(ctx context.Context, inv *invocation.Invocation, file, what, flag string) ([]byte, error) {
	data, err := interrupt.ReadFile(ctx, inv.Path(file))
	if err != nil && ctx.Err() == nil {
		return nil, &failure.Error{Code: failure.ExitUsage, Summary: "cannot read " + what, Err: err, Next: "check the path after " + flag}
	}
	return data, err
}
