package redact

import (
	"slices"
	"sync"
)

// Set is a Redactor that learns more secrets while it is used. Its zero value knows
// none. It is safe for concurrent use.
type Set struct {
	mu       sync.Mutex
	values   map[string]bool
	redactor *Redactor // nil until it is needed
}

// Add takes in values that are secrets.
func (s *Set) Add(values ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, value := range values {
		if s.values[value] {
			continue
		}
		if s.values == nil {
			s.values = map[string]bool{}
		}
		s.values[value], s.redactor = true, nil
	}
}

// Text returns text without the secrets.
func (s *Set) Text(text string) string { return s.current().Text(text) }

// Holds tells whether text has one of the secrets in it.
func (s *Set) Holds(text string) bool { return s.current().Holds(text) }

func (s *Set) current() *Redactor {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.redactor == nil {
		values := make([]string, 0, len(s.values))
		for value := range s.values {
			values = append(values, value)
		}
		slices.Sort(values)
		s.redactor = New(values...)
	}
	return s.redactor
}
