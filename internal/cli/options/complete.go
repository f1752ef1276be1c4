package options

import (
	"os"

	"github.com/spf13/cobra"

	"github.com/kubectl-byoos/kubectl-byoos/internal/cli/invocation"
	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
)

// CompleteFlag offers fixed values for a flag.
func CompleteFlag(cmd *cobra.Command, flag string, values ...string) {
	// It fails only for a flag that the command lacks, which a test would show.
	_ = cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp))
}

// CompletePacks offers the names of the spec's packs as arguments. A spec that
// cannot be read offers nothing.
func (s *Spec) CompletePacks(inv *invocation.Invocation) cobra.CompletionFunc {
	return func(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
		if !s.isThere(inv) {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		document, err := s.Load(cmd.Context(), inv)
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		packs, err := document.Set.Expand()
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		names := make([]string, len(packs))
		for i, pack := range packs {
			names[i] = pack.Name
		}
		return names, cobra.ShellCompDirectiveNoFileComp
	}
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
	return func(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
		host, err := h.New(inv)
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		defer host.Close()
		plugins, err := host.List(cmd.Context())
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		var types []string
		for _, p := range plugins {
			if p.Broken == nil && p.ShadowedBy == "" {
				types = append(types, p.Type)
			}
		}
		return types, cobra.ShellCompDirectiveNoFileComp
	}
}

// Complete offers values for the flags of both groups.
func (r *Run) Complete(cmd *cobra.Command, inv *invocation.Invocation) {
	_ = cmd.RegisterFlagCompletionFunc("source", r.Host.CompleteTypes(inv))
	CompleteFlag(cmd, "pack", spec.PackNames()...)
	CompleteFlag(cmd, "architecture", "amd64", "arm64")
}
