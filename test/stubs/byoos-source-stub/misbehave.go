package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"

	"github.com/kubectl-byoos/kubectl-byoos/internal/subprocess"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
	"github.com/kubectl-byoos/kubectl-byoos/test/stubs/catalog"
)

// misbehave does what a broken plugin does in a call.
func misbehave(ctx context.Context, req sdk.DiscoverRequest[config], out *sdk.Stream) error {
	switch req.Config.Mode {
	case "hang", "wait", "program", "family":
		return lingers(ctx, req.Config.Mode, out)
	case "crash", "killed", "panic", "goexit", "goroutine-panic", "child":
		return ends(req.Config.Mode, out)
	case "prints":
		fmt.Println("a line on stdout")
		req.Log.Warn("a line in the log", "key", "value")
		return out.Images(catalog.Images(1)...)
	case "no-id":
		return out.Images(sdk.Image{Name: "golden", Provider: "aws"}, sdk.Image{ID: "ami-1", Provider: "aws"})
	case "two-lines":
		return errors.Join(out.Report(sdk.Diagnostic{Severity: sdk.Notice, Summary: "one\ntwo"}), out.Report(sdk.Diagnostic{Severity: sdk.Notice}))
	case "endless images":
		for {
			if err := out.Images(catalog.Images(100)...); err != nil {
				return err
			}
		}
	case "endless large images":
		for {
			if err := out.Images(sdk.Image{ID: "large", Provider: "aws", Tags: map[string]string{"text": strings.Repeat("x", 1<<20)}}); err != nil {
				return err
			}
		}
	case "endless warnings":
		for {
			if err := out.Report(sdk.Diagnostic{Severity: sdk.Warning, Summary: "throttled"}); err != nil {
				return err
			}
		}
	case "batch":
		return out.Images(sdk.Image{ID: "large", Provider: "aws", Tags: map[string]string{"text": strings.Repeat("x", 65<<20)}})
	}
	return &sdk.Diagnostic{Summary: "no such mode: " + req.Config.Mode, ConfigPath: "mode"}
}

// lingers does not answer before it is ended.
func lingers(ctx context.Context, mode string, out *sdk.Stream) error {
	switch mode {
	case "hang":
		fmt.Fprintln(os.Stderr, "hanging")
		if err := out.Progress(1, 0, "hanging"); err != nil {
			return err
		}
		time.Sleep(time.Hour) // heeds no context
	case "wait":
		if err := out.Progress(1, 0, "waiting"); err != nil {
			return err
		}
		<-ctx.Done()
		return ctx.Err()
	case "program":
		return program(ctx, out)
	case "family":
		// As a library does that knows of no process groups, which ends the shell alone.
		cmd := exec.CommandContext(ctx, "sh", "-c", "trap '' TERM HUP; sleep 3600 & wait")
		if err := cmd.Start(); err != nil {
			return err
		}
		if err := out.Progress(1, 0, "running"); err != nil {
			return err
		}
		return cmd.Wait()
	}
	return nil
}

// ends takes the process or its goroutine away in the middle of a call.
func ends(mode string, out *sdk.Stream) error {
	switch mode {
	case "crash":
		if err := out.Images(catalog.Images(300)...); err != nil {
			return err
		}
		fmt.Fprintln(os.Stderr, "out of cheese, token", os.Getenv("STUB_SECRET"))
		os.Exit(3)
	case "killed":
		fmt.Fprintln(os.Stderr, "about to be killed")
		p, _ := os.FindProcess(os.Getpid())
		_ = p.Kill()
		time.Sleep(time.Hour)
	case "panic":
		var images []sdk.Image
		return out.Images(images[1])
	case "goexit":
		runtime.Goexit()
	case "goroutine-panic":
		go func() { panic("lost in a goroutine") }()
		time.Sleep(time.Hour)
	case "child":
		// The child keeps stderr open, as a credential helper left behind would.
		child := exec.Command("sleep", "3600")
		child.Stderr = os.Stderr
		if err := child.Start(); err != nil {
			return err
		}
		os.Exit(4)
	}
	return nil
}

// program runs one that does not end by itself and is a group of its own, as a
// credential program is.
func program(ctx context.Context, out *sdk.Stream) error {
	cmd := exec.CommandContext(ctx, "sleep", "3600")
	subprocess.EndAll(cmd)
	if err := cmd.Start(); err != nil {
		return err
	}
	if err := out.Progress(1, 0, "running"); err != nil {
		return err
	}
	return cmd.Wait()
}
