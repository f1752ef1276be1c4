package palette

import (
	"net"
	"net/url"
	"strings"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
)

// DefaultHost is Palette's own service, as for the Terraform provider.
const DefaultHost = "api.spectrocloud.com"

// ParseHost returns the base URL of a Palette host, which is given with or
// without scheme. Only https is allowed, and http for a loopback address. Nothing of
// what is refused is echoed: a password or a key may be anywhere in it.
func ParseHost(host string) (*url.URL, error) {
	text := strings.TrimSpace(host)
	if !strings.Contains(text, "://") {
		text = "https://" + text
	}
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" {
		return nil, failure.Usage("give a host such as "+DefaultHost, "the Palette host is no host's name")
	}
	switch {
	case u.User != nil:
		return nil, failure.Usage("give the host alone; the key comes from the environment or a file",
			"the Palette host has credentials in it")
	case u.RawQuery != "" || u.Fragment != "" || strings.Trim(u.Path, "/") != "":
		return nil, failure.Usage("give the host alone, such as "+DefaultHost, "the Palette host has more than a host's name with it")
	case u.Scheme == "http" && !isLoopback(u.Hostname()):
		return nil, failure.Usage("use https; --palette-ca-file names the certificate of a private authority",
			"the Palette host would be asked without encryption")
	case u.Scheme != "https" && u.Scheme != "http":
		return nil, failure.Usage("give a host such as "+DefaultHost, "the Palette host has an unknown scheme")
	}
	return &url.URL{Scheme: u.Scheme, Host: u.Host}, nil
}

func isLoopback(host string) bool {
	return host == "localhost" || net.ParseIP(host).IsLoopback()
}
