package lint

import "slices"

// traced is a text that was made of another one.
type traced struct {
	text []byte
	// from says where each byte comes from, and the end; ^ the place for a byte that
	// stands for what was there.
	from []int
}

// whole is a text as it is.
func whole(text []byte) traced {
	var t traced
	t.keep(text, 0, len(text))
	return t.end(len(text))
}

// source leads back to the other text.
func (t traced) source(i int) int { return max(t.from[i], ^t.from[i]) }

func (t traced) part(start, end int) traced {
	return traced{t.text[start:end:end], t.from[start : end+1 : end+1]}
}

// keep takes bytes of the other text.
func (t *traced) keep(data []byte, start, end int) {
	t.text = append(t.text, data[start:end]...)
	for i := start; i < end; i++ {
		t.from = append(t.from, i)
	}
}

// put takes text that stands for what is at a place.
func (t *traced) put(text string, at int) {
	t.text = append(t.text, text...)
	for range len(text) {
		t.from = append(t.from, ^at)
	}
}

func (t *traced) end(at int) traced {
	t.from = append(t.from, at)
	return *t
}

// spliced returns the text with replacements that do not overlap, made of what it was
// made of.
func (t traced) spliced(all replacements) traced {
	var made traced
	at := 0
	for _, r := range slices.SortedStableFunc(slices.Values(all), inOrder) {
		made.keep(t.text, at, r.start)
		made.put(r.text, r.start)
		at = r.end
	}
	made.keep(t.text, at, len(t.text))
	made.end(len(t.text))
	for i, from := range made.from {
		if from >= 0 {
			made.from[i] = t.from[from]
		} else {
			made.from[i] = ^t.source(^from)
		}
	}
	return made
}

// changes are what makes this text of the other one.
func (t traced) changes() replacements {
	var all replacements
	at, put := 0, 0 // what follows, there and here
	for i, from := range t.from {
		if from < 0 {
			continue
		}
		if i > put {
			all = append(all, replacement{at, from, string(t.text[put:i])})
		}
		at, put = from+1, i+1
	}
	return all
}
