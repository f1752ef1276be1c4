package lint

import "sort"

// trace leads from a text that was made of another one back to that; nil when it
// is the other one.
type trace []stretch

// stretch says where bytes come from: size bytes from at on come one by one from
// from on, and what follows comes from the byte behind them.
type stretch struct{ at, from, size int }

func (t trace) source(i int) int {
	k := sort.Search(len(t), func(k int) bool { return t[k].at > i }) - 1
	if k < 0 {
		return i
	}
	return t[k].from + min(i-t[k].at, t[k].size)
}

// tracer makes a text out of another one.
type tracer struct {
	text  []byte
	trace trace
}

// keep takes bytes of the other text.
func (t *tracer) keep(data []byte, from, to int) {
	t.trace = append(t.trace, stretch{len(t.text), from, to - from})
	t.text = append(t.text, data[from:to]...)
}

// put takes text that stands for what is at from.
func (t *tracer) put(text string, from int) {
	t.trace = append(t.trace, stretch{len(t.text), from, 0})
	t.text = append(t.text, text...)
}

// spliced returns a text with replacements that are in order.
func spliced(text []byte, all replacements) tracer {
	t := tracer{text: make([]byte, 0, len(text)+len(all))}
	at := 0
	for _, r := range all {
		t.keep(text, at, r.Start)
		if r.Text != "" {
			t.put(r.Text, r.Start)
		}
		at = r.End
	}
	t.keep(text, at, len(text))
	return t
}
