package wire

import (
	"net/http"
	"net/url"
	"testing"
)

// A proxy that nothing listens at is told at once, a service is asked again.
func TestPermanentRefusals(t *testing.T) {
	const nobody = "127.0.0.1:1" // a port that was closed might be another's by now
	for name, tt := range map[string]struct {
		proxy func(*http.Request) (*url.URL, error)
		want  bool
	}{
		"proxy":   {http.ProxyURL(&url.URL{Scheme: "http", Host: nobody}), true},
		"service": {nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			transport := Local()
			transport.Proxy = tt.proxy
			request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+nobody, nil)
			if err != nil {
				t.Fatal(err)
			}
			response, err := transport.RoundTrip(request)
			if err == nil {
				_ = response.Body.Close()
				t.Fatal("it answers")
			}
			if got := Permanent(err); got != tt.want {
				t.Errorf("permanent is %v of %v", got, err)
			}
		})
	}
}
