// Package version is the command that tells what this binary is.
package version

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/kubectl-byoos/kubectl-byoos/internal/cli/invocation"
	"github.com/kubectl-byoos/kubectl-byoos/internal/cli/options"
	"github.com/kubectl-byoos/kubectl-byoos/internal/output"
)

// Info is what `version -o json` prints.
type Info struct {
	Version   string `json:"version"`
	Commit    string `json:"commit,omitempty"`
	GoVersion string `json:"goVersion"`
	Platform  string `json:"platform"`
}

// NewCommand returns the command.
func NewCommand(inv *invocation.Invocation) *cobra.Command {
	var format options.Print
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Example: options.Examples(inv.DisplayName(),
			"version",
			"version -o json"),
		Args: options.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			printer, err := format.Printer(cmd.Context())
			if err != nil {
				return err
			}
			info := Read()
			return printer.Print(output.List{
				Kind:  "VersionList",
				Items: []any{info},
				Names: []string{info.Version},
				Table: output.Table{
					Columns: []output.Column{{Name: "VERSION"}, {Name: "COMMIT"}, {Name: "GO"}, {Name: "PLATFORM"}},
					Rows:    [][]string{{info.Version, info.Commit, info.GoVersion, info.Platform}},
				},
			}, inv.Out, inv.ErrOut)
		},
	}
	format.AddFlags(cmd.Flags())
	return cmd
}

// release and commit are those of a release, which the linker sets (hack/dist.sh): a
// build of a checkout knows no version of its own.
var release, commit string

// Read returns what the Go toolchain recorded in the binary.
func Read() Info {
	info := Info{Version: "devel", Commit: commit, GoVersion: runtime.Version(), Platform: fmt.Sprintf("%s/%s", runtime.GOOS, runtime.GOARCH)}
	build, ok := debug.ReadBuildInfo()
	if !ok {
		return info
	}
	switch v := build.Main.Version; {
	case release != "":
		info.Version = release
	case v != "" && v != "(devel)":
		info.Version = v
	}
	for _, setting := range build.Settings {
		if setting.Key == "vcs.revision" && commit == "" {
			info.Commit = setting.Value
		}
	}
	return info
}
