package options

import (
	"errors"

	"github.com/spf13/pflag"
)

// TextVar adds a flag whose value is not empty: an empty one comes from a variable
// that a script did not set, and would mean what no flag means.
func TextVar(flags *pflag.FlagSet, value *string, name, usage string) {
	flags.Var((*text)(value), name, usage)
}

type text string

// Set takes a value.
func (t *text) Set(value string) error {
	if value == "" {
		return errors.New("it is empty; leave the flag out, or give a value")
	}
	*t = text(value)
	return nil
}

// String returns the value.
func (t *text) String() string { return string(*t) }

// Type is that of any flag with a text.
func (t *text) Type() string { return "string" }
