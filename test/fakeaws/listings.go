package fakeaws

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
)

// listing is a result that is paged through.
type listing struct {
	key    string // the action and its parameters
	items  []any
	offset int
	page   int
	paused bool // an empty page was given at this offset
}

// page returns one page of a listing and the token of the next. items is only
// called for the first page, so that a listing is stable while it is read.
func (s *Server) pageThrough(key, token string, size int, service string, items func() []any) (page []any, next string, err *apiError) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := &listing{key: key}
	if token == "" {
		l.items = items()
	} else {
		var ok bool
		if l, ok = s.listings[token]; !ok || l.key != key {
			return nil, "", badToken(service)
		}
	}
	if s.world.EmptyPages && !l.paused {
		next = s.token()
		s.listings[next] = &listing{key: key, items: l.items, offset: l.offset, page: l.page + 1, paused: true}
		return nil, next, nil
	}
	if most := s.world.PageSize; most > 0 && (size == 0 || size > most) {
		size = most
	}
	end := len(l.items)
	if size > 0 {
		end = min(end, l.offset+size)
	}
	page = l.items[l.offset:end]
	if end < len(l.items) {
		next = s.token()
		s.listings[next] = &listing{key: key, items: l.items, offset: end, page: l.page + 1}
	}
	return page, next, nil
}

// token returns a fresh opaque token. The caller holds the lock.
func (s *Server) token() string {
	s.serial++
	return "AAMA-EFRSURBSGh" + s.scramble(fmt.Sprint("token", s.serial))
}

// scramble returns text that depends on the seed: it orders results in a way
// that clients cannot rely on.
func (s *Server) scramble(text string) string { return scramble(text, s.world.Seed) }

func scramble(text string, seed uint64) string {
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], seed)
	sum := sha256.Sum256(append(b[:], text...))
	return hex.EncodeToString(sum[:])
}
