package palette

import (
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"reflect"
	"strings"
)

// unlikeError is an answer that is not what Palette's API description says. What
// became of the request is not known.
type unlikeError struct {
	Method, Path string
	// What is wrong with it.
	What string
}

func (e *unlikeError) Error() string {
	return fmt.Sprintf("the answer to %s %s is not what Palette's API description says: %s; is the host a Palette?", e.Method, e.Path, e.What)
}

// decode returns what an answer says, when it has the status, the type and the
// fields that the description requires.
func decode[T any](status int, resp *response) (*T, error) {
	if resp.status != status {
		return nil, fmt.Errorf("it has status %d in place of %d%s", resp.status, status, resp.alsoPage())
	}
	body := new(T)
	if status == http.StatusNoContent {
		return body, nil
	}
	if !isJSON(resp.contentType) {
		return nil, fmt.Errorf("it is not JSON%s", resp.alsoPage())
	}
	var fields any
	if err := errors.Join(json.Unmarshal(resp.body, &fields), json.Unmarshal(resp.body, body)); err != nil {
		return nil, wrongJSON(err)
	}
	return body, check(reflect.TypeFor[T](), fields)
}

func (r *response) alsoPage() string {
	if page := r.page(); page != "" {
		return ", and is " + page
	}
	return ""
}

func isJSON(contentType string) bool {
	media, _, err := mime.ParseMediaType(contentType)
	return err == nil && (media == "application/json" || strings.HasSuffix(media, "+json"))
}

// wrongJSON leaves out what a server wrote.
func wrongJSON(err error) error {
	var wrong *json.UnmarshalTypeError
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &syntax):
		return errors.New("it is not valid JSON")
	case errors.As(err, &wrong) && wrong.Field != "":
		return fmt.Errorf("%s is of another type", wrong.Field)
	case errors.As(err, &wrong):
		return errors.New("it is no JSON object")
	}
	return fmt.Errorf("it cannot be read: %w", err)
}

// check looks for what the description requires. Where it requires nothing, an
// object without any field that it knows is none either: so errors come that are
// answered as a success.
func check(t reflect.Type, answer any) error {
	fields, ok := answer.(map[string]any)
	if !ok {
		return errors.New("it is no JSON object")
	}
	if at := lacking(t, answer, ""); at != "" {
		return fmt.Errorf("it has no %s", at)
	}
	for field := range t.Fields() {
		if name, _ := describe(field); len(fields) == 0 || has(fields, name) {
			return nil
		}
	}
	return errors.New("it has none of the fields that it may have")
}

func has(fields map[string]any, name string) bool {
	_, ok := fields[name]
	return ok
}

// lacking names the first field that is required and not there. An empty list may
// be null.
func lacking(t reflect.Type, value any, path string) string {
	switch t.Kind() {
	case reflect.Pointer:
		return lacking(t.Elem(), value, path)
	case reflect.Slice:
		items, _ := value.([]any)
		for i, item := range items {
			if at := lacking(t.Elem(), item, fmt.Sprintf("%s[%d]", path, i)); at != "" {
				return at
			}
		}
	case reflect.Struct:
		if fields, ok := value.(map[string]any); ok {
			return lackingField(t, fields, path)
		}
	}
	return ""
}

func lackingField(t reflect.Type, fields map[string]any, path string) string {
	for field := range t.Fields() {
		name, required := describe(field)
		at := strings.TrimPrefix(path+"."+name, ".")
		value, there := fields[name]
		if required && (!there || field.Type.Kind() == reflect.String && (value == nil || value == "" && names(name))) {
			return at
		}
		if below := lacking(field.Type, value, at); below != "" {
			return below
		}
	}
	return ""
}

// names tells whether a field says which thing is meant, so that it must not be empty.
func names(field string) bool { return field == "uid" || field == "name" }

// describe reads off a generated field what the description says: one that may be
// absent has omitempty or omitzero.
func describe(field reflect.StructField) (name string, required bool) {
	name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
	return name, name != "" && name != "-" && !strings.Contains(options, "omit")
}
