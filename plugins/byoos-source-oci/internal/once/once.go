// Package once gets each of many things once. It is pure.
package once

import "sync"

// Map keeps what was gotten, and why it could not be, by key. Its zero value is empty.
// It is safe for concurrent use.
type Map[V any] struct{ known sync.Map }

// Get gets the value of a key for the first who asks; the others wait for it.
func (m *Map[V]) Get(key string, get func() (V, error)) (V, error) {
	known, _ := m.known.LoadOrStore(key, sync.OnceValues(get))
	return known.(func() (V, error))()
}

// Known returns the value of a key that somebody asked for, or the zero value.
func (m *Map[V]) Known(key string) (v V) {
	if known, ok := m.known.Load(key); ok {
		v, _ = known.(func() (V, error))()
	}
	return v
}
