//go:build unix

package main

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

// A test is one function of the tests of a package: what it takes, and which mutants
// it reaches.
type test struct {
	name    string
	cost    cost
	reaches []byte // by number
}

// A cost is time of the wall and of the processor: the latter is the same on a busy
// machine.
type cost struct{ wall, processor time.Duration }

// limit is what a mutant may take whose tests cost c.
func (c cost) limit() cost {
	return cost{10*time.Second + 10*c.wall, 3*time.Second + 5*c.processor}
}

// Try says of each mutant of a package what the tests make of it. Each is tried by
// those tests alone that reach it.
func (b *built) try(ctx context.Context, wanted func(mutant) bool, workers int) error {
	var numbers []int
	for i := range b.mutants {
		b.mutants[i].Status = notCovered
		if wanted(b.mutants[i]) {
			numbers = append(numbers, i+1)
		}
	}
	if len(numbers) == 0 || !b.tested() {
		return nil
	}
	tests, err := b.reach(ctx)
	if err != nil {
		return err
	}
	next := make(chan int, len(numbers))
	for _, n := range numbers {
		next <- n
	}
	close(next)
	failures := make(chan error, workers)
	var running sync.WaitGroup
	for i := range workers {
		running.Go(func() {
			bench, err := newBench(b, i)
			for n := range next {
				if err == nil {
					b.mutants[n-1].Status, err = bench.judge(ctx, tests, n)
				}
			}
			failures <- err
		})
	}
	running.Wait()
	for range workers {
		if err := <-failures; err != nil {
			return err
		}
	}
	return ctx.Err()
}

// reach runs each test once alone with no mutant on. Those that take the least come
// first.
func (b *built) reach(ctx context.Context) ([]test, error) {
	bench, err := newBench(b, 0)
	if err != nil {
		return nil, err
	}
	patient := cost{10 * time.Minute, 10 * time.Minute}
	out, _, err := bench.run(ctx, 0, patient, "-test.list", ".")
	if err != nil {
		return nil, fmt.Errorf("list the tests: %w\n%s", err, out)
	}
	var tests []test
	for _, name := range strings.Fields(string(out)) {
		if !strings.HasPrefix(name, "Test") && !strings.HasPrefix(name, "Fuzz") && !strings.HasPrefix(name, "Example") {
			continue
		}
		out, took, err := bench.run(ctx, 0, patient, only(name)...)
		if err != nil {
			return nil, fmt.Errorf("%s fails without any mutant: %w\n%s", name, err, out)
		}
		reached, err := os.ReadFile(bench.control)
		if err != nil {
			return nil, err
		}
		tests = append(tests, test{name, took, reached[8:]})
	}
	slices.SortStableFunc(tests, func(x, y test) int { return cmp.Compare(x.cost.wall, y.cost.wall) })
	return tests, nil
}

func only(names ...string) []string {
	return []string{"-test.failfast", "-test.run", "^(" + strings.Join(names, "|") + ")$"}
}

// A bench is a program of its own with its file of control: several are run at once.
type bench struct {
	dir, program, control, temporary string
	mutants                          int
}

func newBench(b *built, number int) (*bench, error) {
	program := fmt.Sprintf("%s-%d", b.program, number)
	_ = os.Remove(program)
	temporary := filepath.Join(filepath.Dir(program), fmt.Sprint("temporary", number))
	return &bench{b.Dir, program, program + ".control", temporary, len(b.mutants)}, os.Link(b.program, program)
}

// Judge runs the tests that reach a mutant, the quick ones first.
func (b *bench) judge(ctx context.Context, tests []test, number int) (string, error) {
	const bunch = 2 * time.Second
	status := notCovered
	var names []string
	var sum cost
	for i, t := range tests {
		if t.reaches[number] == 1 {
			names, sum = append(names, t.name), cost{sum.wall + t.cost.wall, sum.processor + t.cost.processor}
		}
		if len(names) == 0 || sum.wall < bunch && i < len(tests)-1 {
			continue
		}
		status = lived
		_, took, err := b.run(ctx, number, sum.limit(), only(names...)...)
		switch limit := sum.limit(); {
		case err != nil && (took.wall >= limit.wall || took.processor >= limit.processor):
			return timedOut, ctx.Err()
		case err != nil:
			return killed, ctx.Err()
		}
		names, sum = nil, cost{}
	}
	return status, nil
}

// run runs the program of the tests with a mutant on, and kills what it leaves. A
// mutant that eats memory ends before the machine does.
func (b *bench) run(ctx context.Context, number int, limit cost, args ...string) ([]byte, cost, error) {
	data := binary.LittleEndian.AppendUint64(nil, uint64(number))
	data = append(data, make([]byte, controlSize(b.mutants)-len(data))...)
	if err := os.WriteFile(b.control, data, 0o600); err != nil {
		return nil, cost{}, err
	}
	if err := os.Mkdir(b.temporary, 0o700); err != nil {
		return nil, cost{}, err
	}
	defer func() { _ = os.RemoveAll(b.temporary) }()
	ctx, stop := context.WithTimeout(ctx, limit.wall)
	defer stop()
	limited := fmt.Sprintf(`ulimit -v 16000000; ulimit -t %d; exec "$0" "$@"`, int(limit.processor.Seconds())+1)
	cmd := exec.CommandContext(ctx, "sh", append([]string{"-c", limited, b.program}, args...)...)
	cmd.Dir = b.dir
	cmd.Env = append(os.Environ(), control+"="+b.control, "TMPDIR="+b.temporary)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second
	start := time.Now()
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil {
		return nil, cost{}, err
	}
	_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	if errors.Is(err, exec.ErrWaitDelay) { // a process that it left
		err = nil
	}
	return out, cost{time.Since(start), cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()}, err
}
