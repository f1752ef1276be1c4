package registry

import (
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// setNextPage leaves in the answer to a list of tags the one link that leads to its
// next page, as the library expects it: the library takes the first link, whatever
// its relation, and refuses one whose scheme is not that of the registry's name,
// which is http for an address like 10.0.0.5 or registry.local although the
// registry has https. In which scheme a page is asked for is settled before, so a
// link says nothing of that; behind a proxy it is often another.
func (g *guard) setNextPage(req *http.Request, resp *http.Response) {
	links := resp.Header.Values("Link")
	if len(links) == 0 || resp.StatusCode != http.StatusOK || !strings.HasSuffix(req.URL.Path, "/tags/list") {
		return
	}
	target, found, ok := nextLink(links)
	if !ok {
		return // the library says so
	}
	if !found {
		resp.Header.Del("Link")
		return
	}
	page, err := req.URL.Parse(target)
	if err != nil {
		return
	}
	if hostPort(page) == hostPort(&url.URL{Scheme: page.Scheme, Host: g.registry}) {
		page.Scheme, page.Host = g.scheme, g.registry
	}
	resp.Header.Set("Link", "<"+page.String()+`>; rel="next"`)
}

// hostPort returns the host of an address with its port.
func hostPort(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return net.JoinHostPort(strings.ToLower(u.Hostname()), port)
}

// nextLink returns the target of the first link with the relation next, or without
// any; ok is false for what is no Link header (RFC 8288, section 3).
func nextLink(headers []string) (target string, found, ok bool) {
	for _, rest := range headers {
		for rest = strings.TrimLeft(rest, " \t,"); rest != ""; rest = strings.TrimLeft(rest, " \t,") {
			if rest[0] != '<' {
				return "", false, false
			}
			uri, after, closed := strings.Cut(rest[1:], ">")
			if !closed {
				return "", false, false
			}
			var relations []string
			relations, rest = linkRelations(after)
			if uri != "" && (relations == nil || slices.Contains(relations, "next")) {
				return uri, true, true
			}
		}
	}
	return "", false, true
}

// linkRelations reads the parameters of a link up to the next one, and returns its
// relations in lower case; nil when it names none.
func linkRelations(parameters string) (relations []string, rest string) {
	quoted, end := false, len(parameters)
	for i := 0; i < len(parameters) && end == len(parameters); i++ {
		switch c := parameters[i]; {
		case c == '\\' && quoted:
			i++
		case c == '"':
			quoted = !quoted
		case c == ',' && !quoted:
			end = i
		}
	}
	for parameter := range strings.SplitSeq(parameters[:end], ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(parameter), "=")
		if strings.EqualFold(strings.TrimSpace(name), "rel") && relations == nil {
			relations = append([]string{}, strings.Fields(strings.ToLower(strings.Trim(strings.TrimSpace(value), `"`)))...)
		}
	}
	return relations, parameters[end:]
}
