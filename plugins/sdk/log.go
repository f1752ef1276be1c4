package sdk

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"strings"
)

// logTimeFormat is how hclog spells @timestamp.
const logTimeFormat = "2006-01-02T15:04:05.000000Z07:00"

// newLogHandler writes JSON lines with the keys that hclog uses, so that a host
// built on go-plugin can read level and message.
func newLogHandler(w io.Writer, module string, secrets *Secrets) slog.Handler {
	return slog.NewJSONHandler(w, &slog.HandlerOptions{
		Level: slog.LevelDebug,
		ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
			a.Value = withoutSecrets(a.Value, secrets)
			if len(groups) > 0 {
				return a
			}
			switch a.Key {
			case slog.TimeKey:
				if a.Value.Kind() == slog.KindTime {
					return slog.String("@timestamp", a.Value.Time().Format(logTimeFormat))
				}
			case slog.LevelKey:
				if level, ok := a.Value.Any().(slog.Level); ok {
					return slog.String("@level", strings.ToLower(level.String()))
				}
			case slog.MessageKey:
				return slog.Attr{Key: "@message", Value: a.Value}
			}
			return a
		},
	}).WithAttrs([]slog.Attr{slog.String("@module", module)})
}

// withoutSecrets cleans what is text, and what is written as text: a list, a structure.
func withoutSecrets(v slog.Value, secrets *Secrets) slog.Value {
	v = v.Resolve()
	switch v.Kind() {
	case slog.KindString:
		return slog.StringValue(secrets.Clean(v.String()))
	case slog.KindAny:
		switch value := v.Any().(type) {
		case nil, slog.Level:
			return v
		case error:
			if isNil(value) {
				return v
			}
			return slog.StringValue(secrets.Clean(value.Error()))
		default:
			return slog.StringValue(secrets.Clean(written(value)))
		}
	}
	return v
}

// written is JSON, in which bytes are base64, as the handler would write it, or what
// fmt writes.
func written(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprintf("%+v", value)
	}
	return string(text)
}
