package options

import (
	"fmt"

	"github.com/spf13/cobra"
)

// NoArgs refuses arguments in plain words; cobra's own says "unknown command".
func NoArgs(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return fmt.Errorf("%s takes no arguments, and got %q", cmd.CommandPath(), args[0])
	}
	return nil
}
