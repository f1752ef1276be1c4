package manifest

import (
	"encoding/json"
	"fmt"
	"reflect"
)

// Kind tells the ways apart in which a file is not a manifest.
type Kind int

// Kinds of Error.
const (
	// Truncated: the file is empty or ends before its JSON does. Packer may still
	// be writing it.
	Truncated Kind = iota
	// Syntax: not JSON.
	Syntax
	// Encoding: UTF-16.
	Encoding
	// Trailing: something follows the manifest.
	Trailing
	// NotManifest: JSON, but of something else.
	NotManifest
	// Shape: a manifest in which one value is not what Packer writes.
	Shape
)

// Error says what is wrong with a file, and where.
type Error struct {
	Kind Kind
	// Offset in bytes from the file's start, Line from 1.
	Offset  int64
	Line    int
	Message string
}

func (e *Error) Error() string {
	return fmt.Sprintf("line %d (byte %d): %s", e.Line, e.Offset, e.Message)
}

// typeMessage says which part of a value has the wrong type.
func typeMessage(err *json.UnmarshalTypeError) string {
	field := ""
	if err.Field != "" {
		field = "." + err.Field
	}
	wanted := "a string"
	switch err.Type.Kind() {
	case reflect.Struct:
		wanted = "an object"
	case reflect.Int64:
		wanted = "a whole number"
	}
	return fmt.Sprintf("%s is a JSON %s, not %s", field, err.Value, wanted)
}

func describe(tok json.Token) string {
	switch tok := tok.(type) {
	case json.Delim:
		if tok == '{' {
			return "an object"
		}
		return "an array"
	case string:
		return "a string"
	case bool:
		return "a boolean"
	case nil:
		return "null"
	default:
		return "a number"
	}
}
