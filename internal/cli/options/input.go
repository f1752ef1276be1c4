package options

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"

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

// input is a file that a flag or a setting names: a pipe, or a device without an end,
// maybe. Its path is in no message, as it may be a key that was given in place of its
// file.
type input struct {
	what, flag string
	limit      int64
}

func (i input) readFile(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, i.unreadable(err)
	}
	defer func() { _ = file.Close() }()
	return i.read(file)
}

func (i input) read(r io.Reader) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, i.limit+1))
	if err != nil {
		return nil, i.unreadable(err)
	}
	if int64(len(data)) > i.limit {
		return nil, failure.Usage("check the path after "+i.flag, "the file of %s is too long for %s", i.flag, i.what)
	}
	return data, nil
}

func (i input) unreadable(err error) error {
	return &failure.Error{Code: failure.ExitUsage, Summary: "cannot read " + i.what, Err: cause(err), Next: "check the path after " + i.flag}
}

// cause is an error without the path.
func cause(err error) error {
	var inPath *fs.PathError
	if errors.As(err, &inPath) {
		return inPath.Err
	}
	return err
}
