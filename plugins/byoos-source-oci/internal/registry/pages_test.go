package registry_test

import (
	"net/http"
	"slices"
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-oci/internal/registry"
)

// The next page is the one that a link of that relation leads to, on the registry by whatever
// scheme and spelling: it may not know by which it is asked.
func TestLinksToTheNextPage(t *testing.T) {
	const host = "lab.example"
	for name, links := range map[string][]string{
		"without a relation":     {`<?page=1>`},
		"behind another":         {`<?page=2>; rel="prev", <?page=1>; rel="next"`},
		"in a header of its own": {`<?page=2>; rel=prev`, `<?page=1>; rel=next`},
		"one of several":         {`<?page=2>; rel="prev first",<?page=1>; title=a; REL = "last NEXT"`},
		"behind a text":          {`<?page=2>; title="a, <b>; \" <c>, "; rel="prev", <?page=1>; rel="next"`},
		"behind an empty one":    {`<>; rel="next", <?page=1>; rel="next"`},
		"by another scheme":      {`<https://lab.example/v2/edge/os/tags/list?page=1>; rel="next"`},
		"with the port":          {`<http://lab.example:80/v2/edge/os/tags/list?page=1>; rel="next"`},
		"with the other port":    {`<https://LAB.example:443/v2/edge/os/tags/list?page=1>; rel="next"`},
	} {
		t.Run(name, func(t *testing.T) {
			c, _ := client(t)
			c.Settings.PlainHTTP = plainly(registry.PlainAnonymous, host)
			network(t, c, map[string]http.Handler{host: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				switch r.URL.String() {
				case "http://lab.example/v2/edge/os/tags/list?page=1":
					page(w, "", `["b"]`)
				case "http://lab.example/v2/edge/os/tags/list?n=1000":
					w.Header()["Link"] = links
					page(w, "", `["a"]`)
				}
			})})
			got, _, err := tags(t, open(t, c, host))
			if err != nil || !slices.Equal(got, []string{"a", "b"}) {
				t.Errorf("%q, %v", got, err)
			}
		})
	}
	c, _ := client(t)
	c.Settings.PlainHTTP = plainly(registry.PlainAnonymous, host, other)
	network(t, c, map[string]http.Handler{other: http.NotFoundHandler(), host: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		page(w, `<http://`+other+`/v2/edge/os/tags/list?page=1>; rel="next"`, `["a"]`)
	})})
	_, _, err := tags(t, open(t, c, host))
	fails(t, err, "does not match registry host", "")
}
