package options

import (
	"github.com/spf13/pflag"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/palette"
	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
)

// AddGoalFlags adds the flags that diff and apply share: what is shown by the one is
// done by the other.
func AddGoalFlags(flags *pflag.FlagSet, goal *palette.Goal, newVersion string) {
	flags.StringVar(&goal.NewVersion, "new-version", "", newVersion)
	flags.BoolVar(&goal.IncludeDraft, "include-draft", false, "publish unpublished edits of others along")
}

// CheckNewVersion refuses what is no version of a profile; empty is none.
func CheckNewVersion(version string) error {
	if version != "" && !spec.IsProfileVersion(version) {
		return failure.Usage("write three numbers, as 1.3.0", "--new-version %q is not a version of a profile", version)
	}
	return nil
}
