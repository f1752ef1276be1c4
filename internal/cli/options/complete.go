package options

import (
	"context"
	"os"

	"github.com/spf13/cobra"

	"github.com/kubectl-byoos/kubectl-byoos/internal/cli/invocation"
	"github.com/kubectl-byoos/kubectl-byoos/internal/source"
	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
)

// CompleteFlag offers fixed values for a flag.
func CompleteFlag(cmd *cobra.Command, flag string, values ...string) {
	// It fails only for a flag that the command lacks, which a test would show.
	_ = cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp))
}

// completing offers names, and no files. What cannot be read offers nothing.
func completing(names func(context.Context) ([]string, error)) cobra.CompletionFunc {
	return func(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
		all, err := names(cmd.Context())
		if err != nil {
			all = nil
		}
		return all, cobra.ShellCompDirectiveNoFileComp
	}
}

// CompletePacks offers the names of the spec's packs as arguments.
func (s *Spec) CompletePacks(inv *invocation.Invocation) cobra.CompletionFunc {
	return completing(func(ctx context.Context) ([]string, error) {
		if !s.isThere(inv) {
			return nil, nil
		}
		document, err := s.Load(ctx, inv)
		if err != nil {
			return nil, err
		}
		packs, err := document.Set.Expand()
		names := make([]string, len(packs))
		for i, pack := range packs {
			names[i] = pack.Name
		}
		return names, err
	})
}

// isThere tells whether the spec is a file that can be read now: completion must not
// wait for what somebody types, or sends through a pipe.
func (s *Spec) isThere(inv *invocation.Invocation) bool {
	if s.Source != "" {
		return true
	}
	if s.File == "-" {
		return false
	}
	info, err := os.Stat(s.path(inv))
	return err == nil && info.Mode().IsRegular()
}

// CompleteTypes offers the types of the plugins of this machine.
func (h *Host) CompleteTypes(inv *invocation.Invocation) cobra.CompletionFunc {
	return completing(func(ctx context.Context) ([]string, error) {
		host, err := h.New(inv)
		if err != nil {
			return nil, err
		}
		defer host.Close()
		return Types(ctx, host)
	})
}

// Types are those of the plugins of this machine that can be used.
func Types(ctx context.Context, host *source.Host) (types []string, err error) {
	plugins, err := host.List(ctx)
	for _, p := range plugins {
		if p.Broken == nil && p.ShadowedBy == "" {
			types = append(types, p.Type)
		}
	}
	return types, err
}

// Complete offers values for the flags of both groups.
func (r *Run) Complete(cmd *cobra.Command, inv *invocation.Invocation) {
	_ = cmd.RegisterFlagCompletionFunc("source", r.Host.CompleteTypes(inv))
	CompleteFlag(cmd, "pack", spec.PackNames()...)
	CompleteFlag(cmd, "architecture", "amd64", "arm64")
}
