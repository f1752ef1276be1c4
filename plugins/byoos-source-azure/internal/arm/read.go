package arm

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-azure/internal/once"
)

// Resource is something to read.
type Resource struct {
	// Path has the names as they are.
	Path string
	// Query has the version of the API.
	Query url.Values
	// MayLackItems is set for a list whose pages may leave out that there are none.
	MayLackItems bool
}

// Version returns a query with the version of an API, and more keys and values.
func Version(version string, more ...string) url.Values {
	query := url.Values{"api-version": {version}}
	for i := 0; i+1 < len(more); i += 2 {
		query.Set(more[i], more[i+1])
	}
	return query
}

// fresh is how long an answer is taken for what Azure says now: the time that one command
// needs to ask all of its sources, which it does one after the other where it must.
const fresh = time.Minute

// Answers keeps what Azure answered, so that sources that are asked for one image ask once.
type Answers = once.Answers[kept]

type kept struct {
	at    time.Time
	value any
}

// endKey is where a context has the end of a call that others may share.
type endKey struct{}

// Get reads one thing, once for all who share the answers. Nobody may change it.
func Get[T any](ctx context.Context, a *API, r Resource) (T, error) {
	key := fmt.Sprintf("%s %T %s", a.scope, *new(T), strings.ToLower(r.uri()))
	if end, ends := ctx.Deadline(); ends {
		ctx = context.WithValue(ctx, endKey{}, end)
	}
	good := func(k kept, _ error) bool { return a.now.Sub(k.at) < fresh }
	k, err := a.answers.Get(ctx, key, good, func(ctx context.Context) (kept, error) {
		var value T
		err := a.read(ctx, r, "", &value)
		return kept{a.now, value}, err
	})
	value, _ := k.value.(T)
	return value, err
}

type page[T any] struct {
	Value    []*T
	NextLink string
}

// List calls each with every item of every page of a list.
func List[T any](ctx context.Context, a *API, r Resource, each func(T) error) error {
	seen := map[string]bool{r.uri(): true}
	for link := ""; ; {
		var page page[T]
		if err := a.read(ctx, r, link, &page); err != nil {
			return err
		}
		if page.Value == nil && !r.MayLackItems {
			return errNoList
		}
		for _, item := range page.Value {
			if item == nil {
				continue
			}
			if err := each(*item); err != nil {
				return err
			}
		}
		if link = page.NextLink; link == "" {
			return nil
		}
		if err := follow(link, seen); err != nil {
			return err
		}
	}
}

// follow says why the link to a page is none to follow. Of the rest, its host, guard says so.
func follow(link string, seen map[string]bool) error {
	u, err := url.Parse(link)
	switch {
	case err != nil:
		return errContent("a list of Azure links to a page that is no URL")
	case u.Scheme == "http":
		return errNoTLS
	case seen[u.RequestURI()]:
		return errRepeatedPage
	}
	seen[u.RequestURI()] = true
	return nil
}

// errContent is an answer that is none of Resource Manager's, or leads elsewhere.
type errContent string

func (e errContent) Error() string { return string(e) }

// NonRetriable makes azcore give up at once.
func (errContent) NonRetriable() {}

const (
	// errNoList is an answer without the items that each page of a list has, be they
	// none. What gave it instead may have hidden the newest image.
	errNoList = errContent("the answer of Azure is no list")
	// errRepeatedPage is a list that would go on for ever.
	errRepeatedPage = errContent("a list of Azure links to one of its pages again, so that it does not end")
	// errNoTLS is a link that the credential does not follow; azcore refuses it as well, in
	// words of its own.
	errNoTLS = errContent("an answer of Azure links to a page without TLS, where the credential does not go")
)

// read reads the answer for r, or for a link to one of its pages. What is none of Resource
// Manager's is refused, as proxies give it: an empty one would be an empty list.
func (a *API) read(ctx context.Context, r Resource, link string, into any) error {
	response, err := runtime.FetcherForNextLink(ctx, a.client.Pipeline(), link, func(ctx context.Context) (*policy.Request, error) { //nolint:bodyclose // Payload does
		return a.request(ctx, r)
	}, nil)
	if err != nil {
		return err
	}
	body, err := runtime.Payload(response)
	if err != nil {
		return err
	}
	switch text := bytes.TrimSpace(body); {
	case len(text) == 0, string(text) == "null":
		return errContent("the answer of Azure is empty")
	case text[0] != '{':
		return errContent("the answer is no JSON, as Azure's are")
	}
	if err := json.Unmarshal(body, into); err != nil {
		return oddShape(body, err)
	}
	oddDates(reflect.ValueOf(into), "", a.leftOut)
	return nil
}

func (a *API) request(ctx context.Context, r Resource) (*policy.Request, error) {
	request, err := runtime.NewRequest(ctx, http.MethodGet, runtime.JoinPaths(a.client.Endpoint(), r.uri()))
	if err == nil {
		request.Raw().Header.Set("Accept", "application/json")
	}
	return request, err
}

// uri is what stands behind the host.
func (r Resource) uri() string {
	names := strings.Split(r.Path, "/")
	for i := range names {
		names[i] = url.PathEscape(names[i])
	}
	return strings.Join(names, "/") + "?" + r.Query.Encode()
}

func (a *API) leftOut(what string) {
	if _, known := a.told.LoadOrStore(what, true); !known && a.tell != nil {
		a.tell(what)
	}
}
