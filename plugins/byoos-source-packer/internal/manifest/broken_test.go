package manifest

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// broken is a text that is no manifest, and the error; want may be empty where it is the
// JSON decoder's.
type broken struct {
	name, text string
	kind       Kind
	want       string
}

func checkBroken(t *testing.T, tests []broken) {
	t.Helper()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m, err := latest(t, tt.text)
			var failure *Error
			if !errors.As(err, &failure) {
				t.Fatalf("got %+v, %v, want an *Error", m, err)
			}
			if failure.Kind != tt.kind {
				t.Errorf("kind %v, want %v (%v)", failure.Kind, tt.kind, err)
			}
			if tt.want != "" && err.Error() != tt.want {
				t.Errorf("got  %s\nwant %s", err, tt.want)
			}
			if tt.kind == Encoding || tt.text == "" {
				return
			}
			_, err = latest(t, "\ufeff"+tt.text)
			want := &Error{Kind: failure.Kind, Offset: failure.Offset + 3, Line: failure.Line, Message: failure.Message}
			if diff := cmp.Diff(error(want), err); diff != "" {
				t.Errorf("behind a byte order mark (-want +got):\n%s", diff)
			}
		})
	}
}

func TestNotAManifest(t *testing.T) {
	checkBroken(t, []broken{
		{"empty file", "", Truncated, "line 1 (byte 0): the file is empty"},
		{"white space only", "\n\n", Truncated, "line 3 (byte 2): the file ends in the middle of its JSON"},
		{"not JSON", "builds:\n- name: a\n", Syntax, "line 1 (byte 0): invalid character 'b' looking for beginning of value"},
		{"array", "[]", NotManifest, "line 1 (byte 0): the file holds an array, not an object"},
		{"string", `"x"`, NotManifest, "line 1 (byte 0): the file holds a string, not an object"},
		{"null", `null`, NotManifest, "line 1 (byte 0): the file holds null, not an object"},
		{"boolean", `true`, NotManifest, "line 1 (byte 0): the file holds a boolean, not an object"},
		{"number", `12`, NotManifest, "line 1 (byte 0): the file holds a number, not an object"},
		{"web app manifest", `{"short_name": "x", "icons": []}`, NotManifest, `line 1 (byte 0): the object has no "builds"`},
		{"UTF-16 with mark", "\xff\xfe{\x00}\x00", Encoding, "line 1 (byte 0): the file is UTF-16, not UTF-8"},
		{"UTF-16 without text", "\xff\xfe", Encoding, ""},
		{"UTF-16 big endian with mark", "\xfe\xff\x00{", Encoding, ""},
		{"UTF-16 little endian", "{\x00}\x00", Encoding, ""},
		{"UTF-16 big endian", "\x00{\x00}", Encoding, "line 1 (byte 0): the file is UTF-16, not UTF-8"},
		{"two documents", "{\"builds\": []}\n{\"builds\": []}", Trailing, "line 1 (byte 14): there is more after the end of the manifest"},
		{"builds is an object", "{\n\"builds\": {}}", Shape, `line 2 (byte 10): "builds" is an object, not an array`},
		{"trailing comma", "{\"builds\": [\n{\"builder_type\": \"x\"},\n]}", Syntax, ""},
		{"missing comma", `{"builds": [] "last_run_uuid": ""}`, Syntax, ""},
	})
}

// TestHuge: what would take much memory is refused.
func TestHuge(t *testing.T) {
	much := maxBuild + 600<<10
	for text, want := range map[string]string{
		`{"x": "` + strings.Repeat("x", much) + `", "builds": []}`: "line 1 (byte 6): x is larger than 16 MiB",
		`{"builds": []}` + strings.Repeat(" ", much):               "line 1 (byte 14): what follows the manifest is larger than 16 MiB",
	} {
		var failure *Error
		if _, err := latest(t, text); !errors.As(err, &failure) || failure.Kind != Shape || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestBuildsOfAnotherShape(t *testing.T) {
	checkBroken(t, []broken{
		{
			"build is a string", "{\"builds\": [\n\"x\"]}", Shape,
			"line 2 (byte 15): builds[0] is a JSON string, not an object",
		},
		{
			"build of something else", "{\"builds\": [\n{\"id\": 1}]}", Shape,
			"line 2 (byte 13): builds[0] has neither builder_type nor artifact_id",
		},
		{
			"artifact_id is a number", "{\"builds\": [\n{\"builder_type\": \"x\",\n\"artifact_id\": 12}]}", Shape,
			"line 3 (byte 51): builds[0].artifact_id is a JSON number, not a string",
		},
		{
			"custom_data value is a number",
			"{\"builds\": [\n{\"builder_type\": \"x\", \"custom_data\": {\"a\": 1}}], \"last_run_uuid\": \"\"}", Shape,
			"line 2 (byte 13): builds[0]: custom_data.a is not a string",
		},
		{"build_time is a string", `{"builds": [{"builder_type": "x", "build_time": "1"}]}`, Shape, "line 1 (byte 50): builds[0].build_time is a JSON string, not a whole number"},
		{
			"custom_data value is an object", `{"builds": [{"builder_type": "x", "custom_data": {"c": {}, "a": null, "b": "", "bb": [1e999]}}]}`, Shape,
			"line 1 (byte 12): builds[0]: custom_data.bb is not a string",
		},
		{
			"custom_data is an array", `{"builds": [{"builder_type": "x", "custom_data": ["a", "a", {"a": "", "a": ""}]}]}`, Shape,
			"line 1 (byte 12): builds[0]: custom_data is not an object",
		},
		{
			"last_run_uuid is a number", "{\"builds\": [],\n\"last_run_uuid\": 5}", Shape,
			"line 2 (byte 32): last_run_uuid is a JSON number, not a string",
		},
		{
			"syntax deep inside", "{\"builds\": [\n{\"builder_type\": \"x\"},\n{\"builder_type\" \"y\"}]}", Syntax,
			"line 3 (byte 52): invalid character '\"' after object key",
		},
	})
}

func TestKeysThatStandTwice(t *testing.T) {
	checkBroken(t, []broken{
		{"builds twice", "{\"builds\": [],\n\"builds\": []}", Shape, `line 2 (byte 15): "builds" stands twice`},
		{"builds twice in another case", "{\"builds\": [],\n\"BUILDS\": []}", Shape, `line 2 (byte 15): "BUILDS" stands twice, once as "builds"`},
		{"last run twice", `{"last_run_uuid": "a", "builds": [], "last_run_uuid": "b"}`, Shape, `line 1 (byte 37): "last_run_uuid" stands twice`},
		{"a letter that folds", `{"builds": [], "build\u017f": []}`, Shape, `line 1 (byte 15): "buildſ" stands twice, once as "builds"`},
		{
			"a key of a build twice", "{\"builds\": [\n{\"builder_type\": \"x\", \"Artifact_ID\": \"a\", \"artifact_id\": \"b\"}]}", Shape,
			`line 2 (byte 13): builds[0]: "artifact_id" stands twice, once as "Artifact_ID"`,
		},
		{
			"a key behind others", `{"builds": [{"builder_type": "x", "Extra": {"a": [{}]}, "extra": 1, "y": 1, "z": 1}]}`, Shape,
			`line 1 (byte 12): builds[0]: "extra" stands twice, once as "Extra"`,
		},
		{
			"a key of custom_data twice", `{"builds": [{"builder_type": "x", "custom_data": {"os": "{\",", "a": "", "o\u0073": "b"}}]}`, Shape,
			`line 1 (byte 12): builds[0]: custom_data.os stands twice`,
		},
	})
}

// disk is a file that cannot be read from byte bad on, once or always.
type disk struct {
	io.ReaderAt
	bad  int64
	once bool
}

var errDisk = errors.New("input/output error")

func (d *disk) ReadAt(p []byte, off int64) (int, error) {
	if d.bad < 0 || off+int64(len(p)) <= d.bad {
		return d.ReaderAt.ReadAt(p, off)
	}
	n, _ := d.ReaderAt.ReadAt(p[:max(0, d.bad-off)], off)
	if d.once {
		d.bad = -1
	}
	return n, errDisk
}

// TestUnreadableAnywhere: what cannot be read is no manifest that is cut short, wherever
// it is, and is not skipped when the disk recovers.
func TestUnreadableAnywhere(t *testing.T) {
	text := twoRuns + "\n  "
	for bad := range int64(len(text)) {
		for _, once := range []bool{false, bad == 0 || bad > 3} {
			m, err := Read(context.Background(), &disk{strings.NewReader(text), bad, once}, int64(len(text)), All, silent)
			if m != nil || !errors.Is(err, errDisk) {
				t.Errorf("from byte %d, once %v: %v, %v", bad, once, m, err)
			}
		}
	}
}
