package run

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode"

	"github.com/kubectl-byoos/kubectl-byoos/internal/redact"
	"github.com/kubectl-byoos/kubectl-byoos/internal/text"
)

const (
	tailLines    = 20
	tailKept     = 128 // lines that are kept: a secret in base64 has more than are shown
	tailLineSize = 400 // bytes that are kept of a line
)

// Tail keeps the last lines that a plugin wrote to stderr and hands each to the
// log.
type Tail struct {
	log     *slog.Logger
	secrets *redact.Redactor

	mu    sync.Mutex
	part  []byte
	cut   bool // more came than part has room for
	stack bool // the lines are those of a Go program that crashed
	lines []string
}

// stackBegins is the line before the calls of a goroutine.
var stackBegins = regexp.MustCompile(`^goroutine \d+ .*\[.*\]:$`)

// NewTail returns a Tail of a plugin that gets these secrets.
func NewTail(log *slog.Logger, secrets []string) *Tail {
	return &Tail{log: log, secrets: redact.New(secrets...)}
}

// Write takes any piece of the output and never fails.
func (t *Tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := len(b)
	for {
		i := bytes.IndexByte(b, '\n')
		if i < 0 {
			break
		}
		t.grow(b[:i])
		t.flush(true)
		b = b[i+1:]
	}
	t.grow(b)
	return n, nil
}

// grow keeps a line without end from filling the memory. A log line may be
// longer than what is kept of it, since it is parsed first.
func (t *Tail) grow(b []byte) {
	const limit = 64 << 10
	room := min(len(b), limit-min(limit, len(t.part)))
	t.part = append(t.part, b[:room]...)
	t.cut = t.cut || room < len(b)
}

// flush takes what there is as a line; whole says that it ended as one.
func (t *Tail) flush(whole bool) {
	level, line, parsed := logLine(t.part, t.cut)
	if whole && !t.cut || parsed {
		line = t.secrets.Text(line)
	} else {
		line = t.secrets.Beginning(line)
	}
	line = harmless(line)
	t.part, t.cut = t.part[:0], false
	if line == "" {
		return
	}
	t.log.Log(context.Background(), level, line)
	if t.stack = !parsed && (t.stack || stackBegins.MatchString(line)); t.stack {
		// It is for authors, and would push out why the program crashed.
		return
	}
	t.lines = append(t.lines, line)
	if len(t.lines) > tailKept {
		t.lines = slices.Delete(t.lines, 0, 1)
	}
}

// Last returns the last lines, oldest first.
func (t *Tail) Last() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.flush(false)
	if len(t.lines) == 0 {
		return nil
	}
	// Base64 is written in lines, none of which need have all of a secret.
	lines := strings.Split(t.secrets.Lines(strings.Join(t.lines, "\n")), "\n")
	lines = slices.DeleteFunc(lines, func(line string) bool { return line == "" })
	return lines[max(0, len(lines)-tailLines):]
}

// Text takes the plugin's secrets out of a text of any length.
func (t *Tail) Text(text string) string {
	return t.secrets.Text(text)
}

// Clean makes a line of another program fit for a terminal.
func (t *Tail) Clean(line string) string { return harmless(t.secrets.Text(line)) }

func harmless(line string) string {
	line = strings.TrimRightFunc(strings.ToValidUTF8(line, "\uFFFD"), unicode.IsSpace)
	line = strings.Map(func(r rune) rune {
		if r == '\t' {
			return ' '
		}
		if text.Steers(r) {
			return -1
		}
		return r
	}, line)
	return text.Cut(line, tailLineSize, " ...")
}

// logLine reads a line in hclog's JSON form; any other is taken as it is, and is
// not parsed. Of one that was cut off it reads what is there; then its text may
// end anywhere too.
func logLine(b []byte, cut bool) (level slog.Level, text string, parsed bool) {
	b = bytes.TrimSpace(b)
	fields, whole := logFields(b)
	message, ok := fields["@message"].(string)
	if !ok || !whole && !cut {
		return slog.LevelInfo, string(b), false
	}
	switch fields["@level"] {
	case "trace", "debug":
		level = slog.LevelDebug
	case "warn":
		level = slog.LevelWarn
	case "error":
		level = slog.LevelError
	}
	for _, known := range []string{"@message", "@level", "@timestamp", "@module", "@caller", "stack"} {
		delete(fields, known)
	}
	for _, key := range slices.Sorted(maps.Keys(fields)) {
		message += fmt.Sprintf(" %s=%v", key, fields[key])
	}
	return level, message, whole
}

// logFields decodes a JSON object, as far as it goes: of one that was cut off, the
// last field may be a text without its end.
func logFields(b []byte) (fields map[string]any, whole bool) {
	if len(b) == 0 || b[0] != '{' {
		return nil, false
	}
	if json.Unmarshal(b, &fields) == nil {
		return fields, true
	}
	fields = map[string]any{}
	decoder := json.NewDecoder(bytes.NewReader(b))
	_, _ = decoder.Token()
	for decoder.More() {
		key, _ := decoder.Token()
		name, ok := key.(string)
		if !ok {
			break
		}
		begins := decoder.InputOffset()
		var value any
		if decoder.Decode(&value) == nil {
			fields[name] = value
			continue
		}
		if text, ok := textWithoutEnd(b[begins:]); ok {
			fields[name] = text
		}
		break
	}
	return fields, false
}

// textWithoutEnd decodes a JSON string whose end is missing; an escape that is
// not whole is left out.
func textWithoutEnd(b []byte) (text string, ok bool) {
	b = bytes.TrimLeft(b, ": ")
	if !bytes.HasPrefix(b, []byte(`"`)) {
		return "", false
	}
	for cut := range len(`\uXXXX`) { // without a byte of the text it is one
		if json.Unmarshal(slices.Concat(b[:len(b)-cut], []byte(`"`)), &text) == nil {
			return text, true
		}
	}
	return "", false
}
