package run

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"

	"github.com/kubectl-byoos/kubectl-byoos/internal/subprocess"
)

// maxDescription bounds what a plugin may print for `describe`, in bytes.
const maxDescription = 1 << 20

// Describe executes `describe` and returns what was printed, and the words beside it.
// The error is as of Ask.
func (r *Runner) Describe(ctx context.Context, p Program) (printed []byte, words *Tail, err error) {
	if err := p.Check(ctx); err != nil {
		return nil, nil, err
	}
	limited, cancel := context.WithTimeout(ctx, r.limits.Describe)
	defer cancel()
	variables, secrets := p.Environment()
	words = NewTail(r.log.With("plugin", p.Type), secrets)
	stdout := &bounded{limit: maxDescription}
	cmd := exec.CommandContext(limited, p.Path, "describe")
	cmd.Env = variables
	cmd.Stdout, cmd.Stderr = stdout, words
	cmd.WaitDelay = pipeGrace
	setAttributes(cmd)
	cmd.Cancel = func() error { return subprocess.Kill(cmd.Process) }

	if !r.spawn.run(func() { err = cmd.Start() }) {
		return nil, nil, cannotStart("", errClosed)
	}
	if err != nil {
		return nil, nil, notStarted(p.Path, err)
	}
	endGroup(cmd.Process)
	err = cmd.Wait()
	var what string
	switch {
	case ctx.Err() != nil:
		return nil, nil, ctx.Err()
	case limited.Err() != nil:
		what = fmt.Sprintf("did not describe itself within %s", r.limits.Describe)
	case err != nil && !errors.Is(err, exec.ErrWaitDelay):
		what = fmt.Sprintf("cannot describe itself: `describe` ended with %s", cmd.ProcessState)
	default:
		return stdout.buffer.Bytes(), words, nil
	}
	return nil, nil, &Failure{What: what, Next: SeeDescribe(p.Path), Details: words.Last()}
}

// SeeDescribe is the next step with a plugin that does not describe itself well.
func SeeDescribe(path string) string {
	return fmt.Sprintf("run `%s describe` to see what it prints; reinstall it or tell its author", path)
}

// bounded keeps the beginning of what is written to it.
type bounded struct {
	buffer bytes.Buffer
	limit  int
}

// Write never fails.
func (b *bounded) Write(p []byte) (int, error) {
	b.buffer.Write(p[:min(len(p), b.limit-b.buffer.Len())])
	return len(p), nil
}
