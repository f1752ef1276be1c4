package fakeaws

import (
	"net/http/httptest"
	"testing"
	"time"
)

// Start serves w until the test ends and returns the fake and its address.
func Start(t testing.TB, w World) (*Server, string) {
	t.Helper()
	s, err := New(w, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	h := httptest.NewServer(s)
	t.Cleanup(h.Close)
	t.Cleanup(s.Close) // first: it lets hanging calls end
	return s, h.URL
}
