package run

import (
	"context"
	"errors"
	"fmt"
	"os/exec"

	"github.com/kubectl-byoos/kubectl-byoos/internal/subprocess"
)

// maxDescription bounds what a plugin may print for `describe`, in bytes.
const maxDescription = 1 << 20

// Describe executes `describe` and returns what was printed, and the words beside it.
// The error is a *failure.Error, or ctx's.
func (r *Runner) Describe(ctx context.Context, p Program) (printed []byte, words *Tail, err error) {
	if err := p.Check(ctx); err != nil {
		return nil, nil, err
	}
	limited, cancel := context.WithTimeout(ctx, r.limits.Describe)
	defer cancel()
	variables, secrets := p.Environment()
	words = NewTail(r.log.With("plugin", p.Type), secrets)
	stdout := &subprocess.Beginning{Most: maxDescription}
	cmd := command(limited, p.Path, "describe")
	cmd.Env = variables
	cmd.Stdout, cmd.Stderr = stdout, words

	if !r.spawn.run(func() { err = cmd.Start() }) {
		return nil, nil, p.Broken("cannot be started", "", errClosed)
	}
	switch {
	case err == nil:
		endGroup(cmd.Process)
		err = cmd.Wait()
	case limited.Err() == nil:
		return nil, nil, p.notStarted(err)
	}
	var what string
	switch {
	case ctx.Err() != nil:
		return nil, nil, ctx.Err()
	case limited.Err() != nil:
		what = fmt.Sprintf("did not describe itself within %s", r.limits.Describe)
	case err != nil && !errors.Is(err, exec.ErrWaitDelay):
		what = fmt.Sprintf("cannot describe itself: `describe` ended with %s", cmd.ProcessState)
	default:
		return stdout.Text(), words, nil
	}
	e := p.Broken(what, SeeDescribe(p.Path), nil)
	e.Details = words.Last()
	return nil, nil, e
}

// SeeDescribe is the next step with a plugin that does not describe itself well.
func SeeDescribe(path string) string {
	return fmt.Sprintf("run `%s describe` to see what it prints; reinstall it or tell its author", path)
}
