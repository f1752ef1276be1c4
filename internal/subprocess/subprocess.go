// Package subprocess runs other programs: as a group that ends whole, with a bound on
// what is kept of their output, and with the environment that they need and no more.
package subprocess

import (
	"bytes"
	"errors"
	"io"
	"os/exec"
	"time"
)

// pipeGrace is how long output is still read after a program has ended: what it leaves
// behind, as an agent, may hold its pipes.
const pipeGrace = time.Second

// EndAll makes the end of a command's context the end of all that it has started.
func EndAll(cmd *exec.Cmd) {
	Group(cmd)
	cmd.Cancel = func() error { return Kill(cmd.Process) }
	cmd.WaitDelay = pipeGrace
}

// ErrTooMuch is a program that printed more than its caller reads.
var ErrTooMuch = errors.New("it printed too much")

// Said is what a program wrote to stderr.
type Said struct {
	// Text is its beginning.
	Text []byte
	// Lines is how many lines all of it has.
	Lines int
}

// Run runs a command made with a context to its end. It returns what the program
// printed, which is at most most bytes, and what it said. What it leaves behind and
// holds its pipes is no failure. How one ended that printed too much is not told: nobody
// reads on, and each takes that in its own way.
func Run(cmd *exec.Cmd, most int) (printed []byte, said Said, err error) {
	out, errs := Beginning{Most: most, strict: true}, Beginning{Most: most}
	cmd.Stdout, cmd.Stderr = &out, &errs
	EndAll(cmd)
	err = cmd.Run()
	switch {
	case out.over:
		err = ErrTooMuch
	case errors.Is(err, exec.ErrWaitDelay):
		err = nil
	}
	return out.Text(), Said{errs.Text(), errs.lines()}, err
}

// Beginning keeps the beginning of what is written to it.
type Beginning struct {
	// Most is how many bytes are kept.
	Most   int
	text   bytes.Buffer
	strict bool // fail where there is more, which ends most programs
	over   bool
	ends   int  // how many line ends came
	open   bool // more came after the last of them
}

// Write takes p.
func (b *Beginning) Write(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	fits := min(len(p), b.Most-b.text.Len())
	b.text.Write(p[:fits])
	b.over = b.over || fits < len(p)
	b.ends += bytes.Count(p, []byte("\n"))
	b.open = p[len(p)-1] != '\n'
	if b.strict && b.over {
		return fits, io.ErrShortBuffer
	}
	return len(p), nil
}

// Text returns what was kept.
func (b *Beginning) Text() []byte { return b.text.Bytes() }

func (b *Beginning) lines() int {
	if b.open {
		return b.ends + 1
	}
	return b.ends
}
