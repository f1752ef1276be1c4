// Package cli is the command line: the root command, and the one place that
// turns an error into words and an exit code.
package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/kubectl-byoos/kubectl-byoos/internal/cli/apply"
	"github.com/kubectl-byoos/kubectl-byoos/internal/cli/diff"
	"github.com/kubectl-byoos/kubectl-byoos/internal/cli/doctor"
	"github.com/kubectl-byoos/kubectl-byoos/internal/cli/explain"
	"github.com/kubectl-byoos/kubectl-byoos/internal/cli/images"
	"github.com/kubectl-byoos/kubectl-byoos/internal/cli/initspec"
	"github.com/kubectl-byoos/kubectl-byoos/internal/cli/invocation"
	"github.com/kubectl-byoos/kubectl-byoos/internal/cli/lint"
	"github.com/kubectl-byoos/kubectl-byoos/internal/cli/lockcmd"
	"github.com/kubectl-byoos/kubectl-byoos/internal/cli/options"
	"github.com/kubectl-byoos/kubectl-byoos/internal/cli/plugin"
	"github.com/kubectl-byoos/kubectl-byoos/internal/cli/render"
	"github.com/kubectl-byoos/kubectl-byoos/internal/cli/schema"
	"github.com/kubectl-byoos/kubectl-byoos/internal/cli/update"
	"github.com/kubectl-byoos/kubectl-byoos/internal/cli/verify"
	"github.com/kubectl-byoos/kubectl-byoos/internal/cli/version"
	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/text"
)

// Run runs one command line and returns the exit code.
func Run(ctx context.Context, inv *invocation.Invocation, args []string) int {
	out, watching := &watched{Writer: inv.Out}, *inv
	watching.Out = out
	root := NewRoot(&watching)
	root.SetArgs(args)
	err := out.lost(root.ExecuteContext(ctx))
	switch {
	case err == nil:
		return failure.ExitOK
	case errors.Is(err, failure.ErrDifference):
		// Said on stdout; the code is the message.
		return failure.ExitFailure
	case ctx.Err() != nil && errors.Is(err, context.Canceled):
		err = &failure.Error{Code: failure.ExitInterrupted, Summary: "interrupted"}
	}
	options.PrintError(inv.ErrOut, "error", err)
	return failure.Code(err)
}

// NewRoot returns the root command with all others below it.
func NewRoot(inv *invocation.Invocation) *cobra.Command {
	name := inv.DisplayName()
	root := &cobra.Command{
		Use:   "kubectl-byoos",
		Short: "Find your own OS images and put them into Palette BYOOS packs",
		Long: `Find the OS images that your builds made, pick the right one by a written rule,
and render it into the BYOOS packs of Spectro Cloud Palette.`,
		Example: options.Examples(name,
			"init                       # write a first byoos.yaml",
			"images                     # list what the sources of byoos.yaml have",
			"render                     # print the pack values of every pack",
			"explain aws-east           # why this image and no other"),
		Annotations:   map[string]string{cobra.CommandDisplayNameAnnotation: name},
		Version:       version.Read().Version,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetIn(inv.In)
	root.SetOut(inv.Out)
	root.SetErr(inv.ErrOut)
	root.SetFlagErrorFunc(flagError)
	root.AddCommand(
		images.NewCommand(inv, nil),
		render.NewCommand(inv, nil),
		explain.NewCommand(inv, nil),
		lockcmd.NewCommand(inv, nil),
		update.NewCommand(inv, nil),
		verify.NewCommand(inv, nil),
		diff.NewCommand(inv, nil),
		apply.NewCommand(inv, nil),
		lint.NewCommand(inv, nil),
		plugin.NewCommand(inv, nil),
		initspec.NewCommand(inv, nil),
		schema.NewCommand(inv, nil),
		doctor.NewCommand(inv, nil),
		version.NewCommand(inv, nil),
	)
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	finish(root)
	return root
}

// finish makes of the library's ways those of this program, for a command and those
// below it. A command that only holds others shows its help, and names the nearest for
// one that is none: the library shows help and calls that success. Every wrong argument
// has the exit code of wrong usage.
func finish(cmd *cobra.Command) {
	cmd.Flags().VisitAll(options.RefuseEmpty)
	switch {
	case cmd.HasSubCommands():
		cmd.Args = cobra.ArbitraryArgs
		cmd.RunE = func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return unknownCommand(cmd, args[0])
			}
			return cmd.Help()
		}
	case cmd.Name() == "help":
		cmd.Run, cmd.RunE = nil, help
	case cmd.Args != nil:
		check := cmd.Args
		cmd.Args = func(cmd *cobra.Command, args []string) error {
			if err := check(cmd, args); err != nil {
				return failure.Usage(seeHelp(cmd), "%s", err)
			}
			return nil
		}
	}
	for _, sub := range cmd.Commands() {
		finish(sub)
	}
}

func seeHelp(cmd *cobra.Command) string { return fmt.Sprintf("see `%s --help`", cmd.CommandPath()) }

// help shows the help of the command that is named.
func help(cmd *cobra.Command, args []string) error {
	about, rest, err := cmd.Root().Find(args)
	if err != nil {
		return failure.Usage(seeHelp(cmd.Root()), "%s", err)
	}
	if about.HasSubCommands() && len(rest) > 0 {
		return unknownCommand(about, rest[0])
	}
	about.InitDefaultHelpFlag()
	return about.Help()
}

// flagError names the nearest flag for a misspelt one.
func flagError(cmd *cobra.Command, err error) error {
	next := seeHelp(cmd)
	if name, ok := strings.CutPrefix(err.Error(), "unknown flag: --"); ok {
		var names []string
		cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
		if near := text.Nearest(name, names); near != "" {
			next = fmt.Sprintf("did you mean --%s? All are in `%s --help`", near, cmd.CommandPath())
		}
	}
	if strings.HasPrefix(err.Error(), "unknown shorthand flag: 'o'") && cmd.Flags().Lookup("format") != nil {
		next = "this command prints files, not lists: choose with --format"
	}
	return failure.Usage(next, "%s", err)
}

// unknownCommand names the commands that begin so, or else the nearest.
func unknownCommand(cmd *cobra.Command, name string) error {
	var names, begun []string
	for _, sub := range cmd.Commands() {
		if !sub.IsAvailableCommand() {
			continue
		}
		names = append(names, sub.Name())
		if name != "" && strings.HasPrefix(sub.Name(), name) {
			begun = append(begun, sub.Name())
		}
	}
	if near := text.Nearest(name, names); near != "" && len(begun) == 0 {
		begun = []string{near}
	}
	if len(begun) == 0 {
		return failure.Usage(seeHelp(cmd), "unknown command %q", name)
	}
	path := "`" + cmd.CommandPath() + " "
	return failure.Usage("did you mean "+path+strings.Join(begun, "` or "+path)+"`?", "unknown command %q", name)
}
