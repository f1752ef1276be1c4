package options

import (
	"errors"
	"slices"
	"strings"

	"github.com/spf13/pflag"
)

// RefuseEmpty has a flag take no empty text, also as an element of a list: an empty one
// comes from a variable that a script did not set, and would mean what no flag means.
func RefuseEmpty(f *pflag.Flag) {
	if strings.HasPrefix(f.Value.Type(), "string") {
		f.Value = notEmpty{f.Value}
		// The library knows its own kinds of lists only.
		f.DefValue = strings.TrimPrefix(f.DefValue, "[]")
	}
}

type notEmpty struct{ pflag.Value }

// Set takes a value.
func (t notEmpty) Set(value string) error {
	if err := t.Value.Set(value); err != nil {
		return err
	}
	list, _ := t.Value.(pflag.SliceValue)
	switch {
	case isBlank(value):
		return errors.New("it is empty; leave the flag out, or give a value")
	case list != nil && slices.ContainsFunc(list.GetSlice(), isBlank):
		return errors.New("an element of it is empty; leave it out, or give a value")
	}
	return nil
}

func isBlank(s string) bool { return strings.TrimSpace(s) == "" }
