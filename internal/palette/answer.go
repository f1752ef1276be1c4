package palette

import (
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"reflect"
	"strings"

	"github.com/kubectl-byoos/kubectl-byoos/internal/palette/api"
)

// decode returns what an answer says, when it has the status, the type and the
// fields that the description requires. Where it requires nothing, an object without
// any field that it knows is none either: so errors come that are answered as a success.
func decode[T any](status int, resp *response, s scrubber) (*T, error) {
	if resp.status != status {
		return nil, fmt.Errorf("it has status %d in place of %d%s", resp.status, status, resp.alsoPage())
	}
	body := new(T)
	if status == http.StatusNoContent {
		return body, nil
	}
	if !isJSON(resp.header.Get("Content-Type")) {
		return nil, fmt.Errorf("it is not JSON%s", resp.alsoPage())
	}
	var raw any
	if err := errors.Join(json.Unmarshal(resp.body, &raw), json.Unmarshal(resp.body, body)); err != nil {
		return nil, wrongJSON(err)
	}
	fields, ok := raw.(map[string]any)
	if !ok {
		return nil, errors.New("it is no JSON object")
	}
	_, goesBack := any(body).(*api.V1ClusterProfile)
	if err := s.take(reflect.ValueOf(body).Elem(), raw, "", goesBack); err != nil {
		return nil, err
	}
	for field := range reflect.TypeFor[T]().Fields() {
		name, _ := describe(field)
		if _, there := fields[name]; there || len(fields) == 0 {
			return body, nil
		}
	}
	return nil, errors.New("it has none of the fields that it may have")
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

// take looks in a value for the fields that are required, and removes the secret from
// the names that it tells, in one place for all that shows them; raw is the value as it
// was sent. What an edit starts from stays byte for byte: values and contents, and a
// profile that has the secret in what goes back is an error.
func (s scrubber) take(v reflect.Value, raw any, path string, goesBack bool) error {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			return s.take(v.Elem(), raw, path, goesBack)
		}
	case reflect.Slice:
		items, _ := raw.([]any)
		for i := range v.Len() {
			// A field that is written otherwise is taken too, and has nothing in raw.
			var item any
			if i < len(items) {
				item = items[i]
			}
			if err := s.take(v.Index(i), item, fmt.Sprintf("%s[%d]", path, i), goesBack); err != nil {
				return err
			}
		}
	case reflect.Map:
		// Labels are sent back, and nothing shows those that are not.
		if goesBack && s.holds(fmt.Sprint(v)) {
			return holdsKey(path)
		}
	case reflect.Struct:
		return s.takeStruct(v, raw, path, goesBack)
	case reflect.String:
		switch {
		case !s.holds(v.String()):
		case goesBack:
			return holdsKey(path)
		default:
			v.SetString(s.text(v.String()))
		}
	}
	return nil
}

func (s scrubber) takeStruct(v reflect.Value, raw any, path string, goesBack bool) error {
	fields, isObject := raw.(map[string]any)
	for field, value := range v.Fields() {
		name, required := describe(field)
		at := strings.TrimPrefix(path+"."+name, ".")
		sent, there := fields[name]
		if isObject && required && (!there || value.Kind() == reflect.String && (sent == nil || sent == "" && names(name))) {
			return fmt.Errorf("it has no %s", at)
		}
		switch name {
		case "", "values", "content", "defaultValue":
			continue
		}
		if err := s.take(value, sent, at, goesBack && at != "status"); err != nil {
			return err
		}
	}
	return nil
}

func holdsKey(path string) error {
	return refused("take it out there, and make a new key: others may have read this one", "the profile has the API key in %s", path)
}

// names tells whether a field says which thing is meant, so that it must not be empty.
func names(field string) bool { return field == "uid" || field == "name" }

// describe reads off a generated field what the description says: one that may be
// absent has omitempty or omitzero.
func describe(field reflect.StructField) (name string, required bool) {
	name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
	return name, name != "" && name != "-" && !strings.Contains(options, "omit")
}
