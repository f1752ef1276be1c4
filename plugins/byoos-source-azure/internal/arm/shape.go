package arm

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
)

// errShape is an answer in JSON that is none of those that are expected.
type errShape struct{ error }

// oddShape says why an answer does not fit, in the words of the answer and not in Go's.
func oddShape(body []byte, err error) errShape {
	var mismatch *json.UnmarshalTypeError
	if errors.As(err, &mismatch) {
		err = fmt.Errorf("%s is a JSON %s, not %s", pathTo(body, mismatch.Offset), mismatch.Value, wanted(mismatch.Type))
	}
	return errShape{err}
}

func wanted(t reflect.Type) string {
	switch t.Kind() {
	case reflect.String:
		return "a string"
	case reflect.Bool:
		return "true or false"
	case reflect.Slice:
		return "an array"
	case reflect.Int:
		return "a whole number"
	default:
		return "an object"
	}
}

// within is where a decoder is in an object or array.
type within struct {
	list, atKey bool
	key         string
}

// pathTo is the path of the value that is being read at an offset, as value[].name.
func pathTo(body []byte, offset int64) string {
	decoder := json.NewDecoder(bytes.NewReader(body))
	var levels []*within
	for {
		token, err := decoder.Token()
		if err != nil {
			return joined(levels)
		}
		delimiter, _ := token.(json.Delim)
		if delimiter == '}' || delimiter == ']' {
			levels = levels[:len(levels)-1]
			continue
		}
		if len(levels) > 0 {
			in := levels[len(levels)-1]
			if in.atKey {
				in.key, in.atKey = fmt.Sprint(token), false
				continue
			}
			if decoder.InputOffset() >= offset {
				return joined(levels)
			}
			in.atKey = !in.list
		}
		if delimiter != 0 {
			levels = append(levels, &within{list: delimiter == '[', atKey: delimiter == '{'})
		}
	}
}

func joined(levels []*within) string {
	var path strings.Builder
	for _, in := range levels {
		if in.list {
			path.WriteString("[]")
		} else {
			path.WriteString("." + in.key)
		}
	}
	return strings.TrimPrefix(path.String(), ".")
}
