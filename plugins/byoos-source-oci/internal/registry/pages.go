package registry

import (
	"net"
	"net/http"
	"net/url"
	"regexp"
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
	target, found, ok := nextLink(strings.Join(resp.Header.Values("Link"), ","))
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

// link is one value of a Link header with its parameters, and relation the one of them that
// names its relations (RFC 8288, section 3).
var (
	link     = regexp.MustCompile(`^<([^>]*)>((?:[^",]|"(?:[^"\\]|\\.)*")*)`)
	relation = regexp.MustCompile(`(?i);\s*rel\s*=[\s"]*([^";]*)`)
)

// nextLink returns the target of the first link with the relation next, or without
// any; ok is false for what is no Link header.
func nextLink(links string) (target string, found, ok bool) {
	for {
		links = strings.TrimLeft(links, " \t,")
		if links == "" {
			return "", false, true
		}
		one := link.FindStringSubmatch(links)
		if one == nil {
			return "", false, false
		}
		links = links[len(one[0]):]
		named := relation.FindStringSubmatch(one[2])
		if one[1] != "" && (named == nil || slices.Contains(strings.Fields(strings.ToLower(named[1])), "next")) {
			return one[1], true, true
		}
	}
}
