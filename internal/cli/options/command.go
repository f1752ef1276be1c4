package options

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/kubectl-byoos/kubectl-byoos/internal/cli/invocation"
)

// Command is what a command is, but for the flags that it alone has. O are its options.
type Command[O any] struct {
	Use         string
	Aliases     []string
	Short, Long string
	// Examples are command lines, without the name of the program.
	Examples []string
	// Args is where the arguments go, and Accepts says how many there may be; nil for a
	// command that takes none, and for any number.
	Args    *[]string
	Accepts cobra.PositionalArgs
	Groups  []Group
	// Check looks at the flags and arguments before anything runs; nil for nothing to check.
	Check func() error
	Run   func(ctx context.Context) error
}

// Group is a group of flags that commands share.
type Group interface{ AddFlags(flags *pflag.FlagSet) }

// completer is a group that offers values for its flags.
type completer interface {
	Complete(cmd *cobra.Command, inv *invocation.Invocation)
}

// opener is a group that makes something of its flags before a command runs.
type opener interface {
	Open(ctx context.Context, inv *invocation.Invocation) error
}

// Flags is a group of flags that a function adds.
type Flags func(flags *pflag.FlagSet)

// AddFlags adds the flags.
func (f Flags) AddFlags(flags *pflag.FlagSet) { f(flags) }

// New returns the command, which fills in o and then calls run; nil stands for Run.
// Tests give a run of their own, to see what is made of flags.
func (c Command[O]) New(inv *invocation.Invocation, o *O, run func(context.Context, *O) error) *cobra.Command {
	cmd := &cobra.Command{
		Use: c.Use, Aliases: c.Aliases, Short: c.Short, Long: c.Long,
		Example: Examples(inv.DisplayName(), c.Examples...),
		Args:    c.Accepts,
		RunE: func(cmd *cobra.Command, args []string) error {
			if c.Args != nil {
				*c.Args = append(*c.Args, args...)
			}
			if c.Check != nil {
				if err := c.Check(); err != nil {
					return err
				}
			}
			if run != nil {
				return run(cmd.Context(), o)
			}
			return c.run(cmd.Context(), inv)
		},
	}
	if c.Args == nil {
		cmd.Args = noArgs
	}
	for _, group := range c.Groups {
		group.AddFlags(cmd.Flags())
		if knows, ok := group.(completer); ok {
			knows.Complete(cmd, inv)
		}
	}
	return cmd
}

func (c Command[O]) run(ctx context.Context, inv *invocation.Invocation) error {
	for _, group := range c.Groups {
		if opens, ok := group.(opener); ok {
			if err := opens.Open(ctx, inv); err != nil {
				return err
			}
		}
	}
	return c.Run(ctx)
}

// noArgs refuses arguments in plain words; cobra's own says "unknown command".
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return fmt.Errorf("%s takes no arguments, and got %q", cmd.CommandPath(), args[0])
	}
	return nil
}

// Examples formats example command lines for help, each after the name that the
// user called the program by.
func Examples(displayName string, lines ...string) string {
	var b strings.Builder
	for _, line := range lines {
		b.WriteString("  " + displayName + " " + line + "\n")
	}
	return strings.TrimSuffix(b.String(), "\n")
}
