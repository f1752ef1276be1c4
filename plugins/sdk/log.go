package sdk

import (
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

// withoutSecrets cleans what is text; the host cleans the whole line again.
func withoutSecrets(v slog.Value, secrets *Secrets) slog.Value {
	v = v.Resolve()
	switch v.Kind() {
	case slog.KindString:
		return slog.StringValue(secrets.Clean(v.String()))
	case slog.KindAny:
		if err, ok := v.Any().(error); ok && !isNil(err) {
			return slog.StringValue(secrets.Clean(err.Error()))
		}
	}
	return v
}
