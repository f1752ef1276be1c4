package source

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"unicode"
)

const (
	tailLines    = 20
	tailLineSize = 400 // bytes that are kept of a line
)

// tail keeps the last lines that a plugin wrote to stderr and hands each to the
// log.
type tail struct {
	log     *slog.Logger
	secrets []string

	mu    sync.Mutex
	part  []byte
	lines []string
}

func newTail(log *slog.Logger, secrets []string) *tail {
	return &tail{log: log, secrets: secrets}
}

// Write takes any piece of the output and never fails.
func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := len(b)
	for {
		i := bytes.IndexByte(b, '\n')
		if i < 0 {
			break
		}
		t.grow(b[:i])
		t.flush()
		b = b[i+1:]
	}
	t.grow(b)
	return n, nil
}

// grow keeps a line without end from filling the memory. A log line may be
// longer than what is kept of it, since it is parsed first.
func (t *tail) grow(b []byte) {
	const limit = 64 << 10
	t.part = append(t.part, b[:min(len(b), limit-min(limit, len(t.part)))]...)
}

func (t *tail) flush() {
	level, line := logLine(t.part)
	t.part = t.part[:0]
	line = t.clean(line)
	if line == "" {
		return
	}
	t.log.Log(context.Background(), level, line)
	t.lines = append(t.lines, line)
	if len(t.lines) > tailLines {
		t.lines = slices.Delete(t.lines, 0, 1)
	}
}

// last returns the last lines, oldest first.
func (t *tail) last() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.part) > 0 {
		t.flush()
	}
	return slices.Clone(t.lines)
}

// redact takes the plugin's secrets out of a text of any length.
func (t *tail) redact(text string) string {
	for _, secret := range t.secrets {
		text = strings.ReplaceAll(text, secret, "[redacted]")
	}
	return text
}

// clean makes a line of another program fit for a terminal.
func (t *tail) clean(line string) string {
	line = strings.TrimRightFunc(strings.ToValidUTF8(t.redact(line), "\uFFFD"), unicode.IsSpace)
	line = strings.Map(func(r rune) rune {
		if r == '\t' {
			return ' '
		}
		if unicode.IsControl(r) {
			return -1
		}
		return r
	}, line)
	if len(line) > tailLineSize {
		line = strings.ToValidUTF8(line[:tailLineSize], "") + " ..."
	}
	return line
}

// logLine reads a line in hclog's JSON form; any other is taken as it is.
func logLine(b []byte) (slog.Level, string) {
	b = bytes.TrimSpace(b)
	var fields map[string]any
	if len(b) == 0 || b[0] != '{' || json.Unmarshal(b, &fields) != nil {
		return slog.LevelInfo, string(b)
	}
	message, ok := fields["@message"].(string)
	if !ok {
		return slog.LevelInfo, string(b)
	}
	level := slog.LevelInfo
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
	var text strings.Builder
	text.WriteString(message)
	for _, key := range slices.Sorted(maps.Keys(fields)) {
		fmt.Fprintf(&text, " %s=%v", key, fields[key])
	}
	return level, text.String()
}
