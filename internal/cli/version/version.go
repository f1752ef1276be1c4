// Package version is the command that tells what this binary is.
package version

import (
	"context"
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

// Options of the command.
type Options struct {
	Invocation *invocation.Invocation
	Print      options.Print
}

// NewCommand returns the command; run is nil, or what a test runs in its place.
func NewCommand(inv *invocation.Invocation, run func(context.Context, *Options) error) *cobra.Command {
	o := &Options{Invocation: inv}
	return options.Command[Options]{
		Use:      "version",
		Short:    "Print the version",
		Examples: []string{"version", "version -o json"},
		Groups:   []options.Group{&o.Print},
		Run:      o.run,
	}.New(inv, o, run)
}

func (o *Options) run(context.Context) error {
	info := Read()
	return o.Print.List(output.List{
		Kind:  "VersionList",
		Items: []any{info},
		Names: []string{info.Version},
		Table: output.Table{
			Columns: []output.Column{{Name: "VERSION"}, {Name: "COMMIT"}, {Name: "GO"}, {Name: "PLATFORM"}},
			Rows:    [][]string{{info.Version, info.Commit, info.GoVersion, info.Platform}},
		},
	})
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
