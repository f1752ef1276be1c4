package sdk

import (
	"errors"
	"reflect"
	"slices"
	"strings"
)

// diagnosticsOf returns what a method's error says, each of severity Error: every
// Diagnostic that is in it, and for an error that is in none its text. Errors that
// were joined count one by one.
func diagnosticsOf(err error) []Diagnostic {
	if isNil(err) {
		return nil
	}
	if d, ok := err.(*Diagnostic); ok { //nolint:errorlint // what it wraps comes below
		found := *d
		found.Severity = Error
		return []Diagnostic{found}
	}
	parts := wrapped(err)
	if !isJoined(err, parts) {
		// The words around a Diagnostic are said by its own; those around other
		// errors are not.
		parts = withDiagnostic(parts)
	}
	var all []Diagnostic
	for _, part := range parts {
		all = append(all, diagnosticsOf(part)...)
	}
	if all != nil {
		return all
	}
	summary, detail, _ := strings.Cut(strings.TrimSpace(err.Error()), "\n")
	if summary == "" {
		summary = "the plugin failed without saying why"
	}
	return []Diagnostic{{Severity: Error, Summary: summary, Detail: strings.TrimSpace(detail)}}
}

// isNil is also true for a nil pointer in an error, which is what a function that
// returns a *Diagnostic leaves when there is none.
func isNil(err error) bool {
	if err == nil {
		return true
	}
	switch v := reflect.ValueOf(err); v.Kind() {
	case reflect.Pointer, reflect.Map, reflect.Slice:
		return v.IsNil()
	}
	return false
}

func wrapped(err error) []error {
	switch e := err.(type) { //nolint:errorlint // one level at a time
	case interface{ Unwrap() error }:
		return []error{e.Unwrap()}
	case interface{ Unwrap() []error }:
		return slices.DeleteFunc(slices.Clone(e.Unwrap()), func(err error) bool { return err == nil })
	}
	return nil
}

// isJoined tells what errors.Join made from what fmt.Errorf made of several: the
// text of the former is that of its parts.
func isJoined(err error, parts []error) bool {
	if _, ok := err.(interface{ Unwrap() []error }); !ok {
		return false
	}
	texts := make([]string, 0, len(parts))
	for _, part := range parts {
		texts = append(texts, part.Error())
	}
	return err.Error() == strings.Join(texts, "\n")
}

func withDiagnostic(errs []error) []error {
	var found []error
	for _, err := range errs {
		var d *Diagnostic
		if errors.As(err, &d) && d != nil {
			found = append(found, err)
		}
	}
	return found
}
