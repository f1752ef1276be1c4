package run

import (
	"bytes"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// heard writes pieces of output and returns what the log and the last lines are then.
func heard(pieces ...string) (log string, last []string) {
	b := &bytes.Buffer{}
	tail := NewTail(slog.New(slog.NewTextHandler(b, &slog.HandlerOptions{Level: slog.LevelDebug, ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}})), []string{token})
	for _, piece := range pieces {
		if n, err := tail.Write([]byte(piece)); n != len(piece) || err != nil {
			panic(fmt.Sprint(n, err))
		}
	}
	last = tail.Last()
	return b.String(), last
}

// TestLines has what a plugin may write to stderr, with its level in the log.
func TestLines(t *testing.T) {
	long := strings.Repeat("x", 400)
	for wrote, want := range map[string]string{
		"text":                               "INFO text",
		"  text \r\n":                        "INFO text",
		"\n \n\t\n":                          "",
		"a\tb\x1b[31m\x00\xffc\n":            "INFO a b[31m\uFFFDc",
		long + "\n":                          "INFO " + long,
		long + "y\n":                         "INFO " + long + " ...",
		`{"@message":"m","@level":"trace"}`:  "DEBUG m",
		`{"@message":"m","@level":"debug"}`:  "DEBUG m",
		`{"@message":"m","@level":"info"}`:   "INFO m",
		`{"@message":"m","@level":"warn"}`:   "WARN m",
		`{"@message":"m","@level":"error"}`:  "ERROR m",
		`{"@message":"m","@level":7}` + "\n": "INFO m",
		` {"@message":"m"} ` + "\n":          "INFO m",
		`{"@message":"m","b":2,"@timestamp":"t","@module":"mod","@caller":"c","stack":"s","a":"x"}`: "INFO m a=x b=2",
		`{"message":"m"}` + "\n":                                `INFO {"message":"m"}`,
		`{"@message":7}` + "\n":                                 `INFO {"@message":7}`,
		`{"@message":"m","@level":"warn"` + "\n":                `INFO {"@message":"m","@level":"warn"`,
		`["@message"]` + "\n":                                   `INFO ["@message"]`,
		`{"@message":"with ` + token + `","a":"` + token + `"}`: "INFO with [redacted] a=[redacted]",
		`{"@message":"ends with ` + token[:6] + `"}` + "\n":     "INFO ends with " + token[:6],
		"ends with " + token[:6] + "\n":                         "INFO ends with " + token[:6],
		"ends with " + token[:6]:                                "INFO ends with [redacted]",
	} {
		log, last := heard(wrote)
		level, text, _ := strings.Cut(want, " ")
		if want == "" {
			if log != "" || len(last) > 0 {
				t.Errorf("%q: got %q, the log %s", wrote, last, log)
			}
			continue
		}
		if !slices.Equal(last, []string{text}) || !strings.HasPrefix(log, "level="+level+" ") || strings.Count(log, "\n") != 1 {
			t.Errorf("%q: got %q, the log %s", wrote, last, log)
		}
	}
}

// TestStacksAreForTheLog: they would push out why a program crashed.
func TestStacksAreForTheLog(t *testing.T) {
	const crash = "panic: lost\n\ngoroutine 1 [running]:\nmain.main()\n\t/x.go:1 +0x1d\nexit status 2\n"
	for wrote, want := range map[string][]string{
		crash:                                    {"panic: lost"},
		crash + `{"@message":"m"}` + "\nafter\n": {"panic: lost", "m", "after"},
		"goroutine 7 gp=0xc0 m=4 [select, 2 minutes]:\nx\n":       nil,
		`{"@message":"goroutine 1 [running]:"}` + "\nx\n":         {"goroutine 1 [running]:", "x"},
		"a goroutine 1 [running]:\ngoroutine 1 [running]: x\nx\n": {"a goroutine 1 [running]:", "goroutine 1 [running]: x", "x"},
	} {
		log, last := heard(wrote)
		if diff := cmp.Diff(want, last); diff != "" {
			t.Errorf("%q: %s", wrote, diff)
		}
		if got, all := strings.Count(log, "\n"), len(slices.DeleteFunc(strings.Split(wrote, "\n"), func(s string) bool { return s == "" })); got != all {
			t.Errorf("%q: the log has %d of %d lines", wrote, got, all)
		}
	}
}

// TestTheLastLinesAreKept, and not more.
func TestTheLastLinesAreKept(t *testing.T) {
	for _, n := range []int{19, 20, 21, 50} {
		var all []string
		for i := range n {
			all = append(all, fmt.Sprint("line ", i))
		}
		_, last := heard(strings.Join(all, "\n") + "\n")
		if diff := cmp.Diff(all[max(0, n-20):], last); diff != "" {
			t.Error(diff)
		}
	}
}

// TestAnyPieces: it does not matter in which pieces output comes.
func TestAnyPieces(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	parts := []string{"text", "\n", "\r\n", `{"@message":"m","a":1}`, token, "é", "goroutine 1 [running]:\n", " ", strings.Repeat("x", 500), `{"@message":"` + strings.Repeat("y", 40<<10)}
	for range 60 {
		var whole strings.Builder
		for range random.IntN(12) {
			whole.WriteString(parts[random.IntN(len(parts))])
		}
		var pieces []string
		for rest := whole.String(); rest != ""; {
			n := 1 + random.IntN(len(rest))
			pieces, rest = append(pieces, rest[:n]), rest[n:]
		}
		wantLog, want := heard(whole.String())
		if log, got := heard(pieces...); log != wantLog || !slices.Equal(got, want) {
			t.Fatalf("in %d pieces %q, as a whole %q", len(pieces), got, want)
		}
	}
}

// TestWhatIsCutOff: of a line in JSON that has no end, what is there is read, and a secret
// that may be cut off with it is not told.
func TestWhatIsCutOff(t *testing.T) {
	fill := strings.Repeat("x", 70<<10)
	for wrote, want := range map[string]string{
		`{"@message":"m","a":1,"b":"` + fill:                "m a=1 b=xxx",
		`{"@message":"m","a":1,"b":["` + fill:               "m a=1",
		`{"@level":"warn","@message" : "` + fill:            "xxx",
		`{"a":{"b":1},"@message":"m","z":"` + fill:          "m a=map[b:1] z=xxx",
		`{"@message":"m","a":tru` + fill:                    "m",
		`{"@message":"m","a"` + fill:                        "m",
		`{"@message":"m" ` + fill:                           "m",
		`{"@message":"m` + strings.Repeat(`\u00e9`, 12<<10): "mééé",
		`{"@message":"m","b":"x` + "\x01" + fill:            "m",
		`{"a":1,"b":"` + fill:                               `{"a":1,"b":"xxx`,
		"text " + fill:                                      "text xxx",
		`{"@message":"` + token + `","b":"` + fill:          "[redacted] b=xxx",
		`{"@message":"m","t":"` + token + `","b":"` + fill:  "m b=xxx",
	} {
		_, last := heard(wrote + "\n")
		if len(last) != 1 || !strings.HasPrefix(last[0], want) || strings.Contains(last[0], token[:4]) {
			t.Errorf("%.40q: got %.60q, want %q", wrote, last, want)
		}
	}
}

// TestFirstLineThatDoesNotEnd: what comes of it later is no line of its own.
func TestFirstLineThatDoesNotEnd(t *testing.T) {
	long := strings.Repeat("x", maxHello)
	for _, pieces := range [][]string{{long, "xx\ntwo\n", "three\n"}, {long + "x\ntwo\n", "three\n"}, {long, "x", "x\n", "two\nthree\n"}, {long + "x", "x\ntwo", "\nthree\n"}} {
		tail := NewTail(slog.New(slog.DiscardHandler), nil)
		hello := newHello(tail)
		for _, piece := range pieces {
			if n, err := hello.Write([]byte(piece)); n != len(piece) || err != nil {
				t.Error(n, err)
			}
		}
		if first, err := hello.first(); err == nil || !strings.HasPrefix(first, long) {
			t.Errorf("%v, first is %.20q", err, first)
		}
		if diff := cmp.Diff([]string{"two", "three"}, tail.Last()); diff != "" {
			t.Errorf("%.10q: %s", pieces, diff)
		}
	}
}
