package registry_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	fake "github.com/kubectl-byoos/kubectl-byoos/test/registry"
)

// What a token server is sent does not follow a redirect: a login in a header, or an
// identity token in the body of a request, which some redirects repeat.
func TestTokenServerThatRedirects(t *testing.T) {
	for _, status := range []int{http.StatusFound, http.StatusTemporaryRedirect} {
		for _, login := range []string{"none", "a login", "an identity token"} {
			t.Run(fmt.Sprint(login, " ", status), func(t *testing.T) {
				elsewhere := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"token": "short-lived"}`) }))
				tokens := serve(t, http.RedirectHandler("http://"+elsewhere.named()+"/token", status))
				s := serve(t, wants("Bearer short-lived", challenge(`Bearer realm="http://`+tokens.named()+`/token"`), oneTag(t)))
				c, _ := client(t)
				switch login {
				case "a login":
					c, _ = client(t, s.host)
				case "an identity token":
					c.Keychain.Files = []string{identityToken(t, s.host)}
				}
				got, _, err := tags(t, open(t, c, s.host))
				if login == "none" {
					if err != nil || len(got) != 1 {
						t.Errorf("%q, %v", got, err)
					}
					return
				}
				fails(t, err, "the token server "+tokens.named()+" redirects to "+elsewhere.named()+", which is not sent the credentials", "must name that token server itself")
				if len(elsewhere.secrets) > 0 || len(tokens.secrets) == 0 {
					t.Errorf("%q, and elsewhere %q", tokens.secrets, elsewhere.secrets)
				}
			})
		}
	}
}

// An identity token goes to no server that was not understood to be the registry's.
func TestTokenServerOfOddSpelling(t *testing.T) {
	tokens := serve(t, http.NotFoundHandler())
	s := serve(t, challenge(`Bearer realm="http:/\/`+tokens.named()+`/token"`))
	c, _ := client(t)
	c.Keychain.Files = []string{identityToken(t, s.host)}
	_, _, err := tags(t, open(t, c, s.host))
	if fails(t, err, "", ""); len(tokens.secrets) > 0 {
		t.Errorf("sent %q", tokens.secrets)
	}
}

func TestNoLoginFollowsARedirect(t *testing.T) {
	const accessKey = "AKIAIOSFODNN7EXAMPLE" // of the environment: who has it signs the storage's addresses
	store := oneTag(t)
	for name, tc := range map[string]struct {
		to           func(host string) string
		reason, next string
	}{
		"to a storage":                  {func(host string) string { return "http://" + host }, "", ""},
		"with a secret in an address":   {func(host string) string { return "http://" + host + "/" + password }, "redirects to HOST, which is not sent the credentials", "check that no proxy answers for "},
		"with one in a query":           {func(host string) string { return "http://" + host + "/?token=" + password + "&p=" }, "redirects to HOST, which is not sent the credentials", ""},
		"with one that it was not sent": {func(host string) string { return "http://" + host + "/refuse403?X-Amz-Credential=" + accessKey + "&p=" }, "redirects to HOST, which answered 403", ""},
		"with a signature":              {func(host string) string { return "http://" + host + "/refuse403?sig=x&p=" }, "redirects to HOST, which answered 403", ""},
		"to one that refuses":           {func(host string) string { return "http://" + host + "/refuse403" }, "redirects to HOST, which answered 403", "whether its storage can be read from here"},
		"to one in trouble":             {func(host string) string { return "http://" + host + "/refuse503" }, " is in trouble: ", "try again later"},
	} {
		for _, named := range []bool{true, false} { // clients take a host at another port for the same
			t.Run(fmt.Sprint(name, named), func(t *testing.T) {
				elsewhere := serve(t, storage(t, store))
				to := elsewhere.host
				if named {
					to = elsewhere.named()
				}
				s := serve(t, wants("Basic ", challenge(`Basic realm="http://`+to+`/"`), redirecting(tc.to(to))))
				c, _ := client(t, s.host)
				c.Secrets.Add(accessKey)
				m, err := open(t, c, s.host).Manifest(t.Context(), "v1")
				if tc.reason != "" {
					fails(t, err, strings.ReplaceAll(tc.reason, "HOST", to), tc.next)
				} else if err != nil || !m.Serves("amd64") {
					t.Errorf("%+v, %v", m, err)
				}
				if len(elsewhere.secrets) > 0 || len(s.secrets) == 0 {
					t.Errorf("%q, and elsewhere %q", s.secrets, elsewhere.secrets)
				}
			})
		}
	}
}

// storage answers as the store, and refuses what is asked for below /refuse.
func storage(t *testing.T, store *fake.Store) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var status int
		if n, _ := fmt.Sscanf(r.URL.Path, "/refuse%d", &status); n == 1 {
			refused(w, status, "no")
			return
		}
		if r.Header.Get("Referer") != "" {
			t.Errorf("it learns where it was sent from: %s", r.Header.Get("Referer"))
		}
		store.ServeHTTP(w, r)
	}
}

// redirecting sends what is asked of a registry to another host.
func redirecting(to string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/v2/" {
			http.Redirect(w, r, to+r.URL.Path, http.StatusTemporaryRedirect)
		}
	}
}

// A storage does not name the registry's token server, as it would be sent the login.
func TestChallengeOfAStorage(t *testing.T) {
	var elsewhere *server
	elsewhere = serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		challenge(`Bearer realm="http://`+elsewhere.host+`/token"`)(w, r)
	}))
	s := serve(t, wants("Basic ", challenge("Basic"), redirecting("http://"+elsewhere.host)))
	c, _ := client(t, s.host)
	for _, tag := range []string{"v1", "v2"} {
		_, err := open(t, c, s.host).Manifest(t.Context(), tag)
		fails(t, err, "redirects to "+elsewhere.host+", which answered 401", "")
	}
	if len(elsewhere.secrets) > 0 {
		t.Errorf("elsewhere %q", elsewhere.secrets)
	}
}
