package fakeaws

import (
	"net/http"
	"net/url"
	"sort"
	"strconv"
	"strings"
)

// params are those of the Query APIs.
type params map[string][]string

func parseParams(text string) params {
	values, _ := url.ParseQuery(text)
	return params(values)
}

func (p params) get(key string) string {
	if len(p[key]) == 0 {
		return ""
	}
	return p[key][0]
}

// list returns Key.1, Key.2, ...
func (p params) list(key string) []string {
	var out []string
	for i := 1; ; i++ {
		values, ok := p[key+"."+strconv.Itoa(i)]
		if !ok {
			return out
		}
		out = append(out, values[0])
	}
}

type filter struct {
	name   string
	values []string
}

func (p params) filters() []filter {
	var out []filter
	for i := 1; ; i++ {
		prefix := "Filter." + strconv.Itoa(i)
		name := p.get(prefix + ".Name")
		if name == "" {
			return out
		}
		out = append(out, filter{name, p.list(prefix + ".Value")})
	}
}

// fingerprint names the parameters that a page token belongs to.
func (p params) fingerprint() string {
	var keys []string
	for k := range p {
		if k != "NextToken" && k != "MaxResults" {
			keys = append(keys, k+"="+p.get(k))
		}
	}
	sort.Strings(keys)
	return strings.Join(keys, "&")
}

func maxResults(p params, low, high int) (int, *apiError) {
	text := p.get("MaxResults")
	if text == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < low || n > high {
		return 0, fail(http.StatusBadRequest, "InvalidParameterValue", "Value ( %s ) for parameter maxResults is invalid. Expecting a value between %d and %d.", text, low, high)
	}
	return n, nil
}
