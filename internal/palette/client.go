package palette

import (
	"cmp"
	"context"
	"crypto/x509"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/palette/api"
	"github.com/kubectl-byoos/kubectl-byoos/internal/text"
)

// Config says which Palette is talked to, and how.
type Config struct {
	// Host is a name, or an https URL; see ParseHost.
	Host   string
	Secret Secret
	// CA holds PEM certificates to trust beside those of the system.
	CA []byte
	// RequestTimeout is the deadline of one request; zero is 30 seconds.
	RequestTimeout time.Duration
	// Retries of a request; RetryWait is the first pause, which doubles.
	Retries   int
	RetryWait time.Duration
	UserAgent string
	// Origin says where host, project and key are from, for when Palette refuses the key.
	Origin string
}

// Client calls Palette's API in one scope: a project, or the tenant. It is safe
// for concurrent use.
type Client struct {
	base       *url.URL
	doer       *doer
	scope      Scope
	projectUID string
}

// NewClient returns a client of tenant scope.
func NewClient(config Config) (*Client, error) {
	base, err := ParseHost(config.Host)
	if err != nil {
		return nil, err
	}
	if config.Secret.text == "" {
		return nil, failure.Usage("set SPECTROCLOUD_APIKEY, or name a file with --palette-key-file", "there is no Palette API key")
	}
	pool, err := authorities(config.CA)
	if err != nil {
		return nil, err
	}
	config.RequestTimeout = cmp.Or(config.RequestTimeout, 30*time.Second)
	config.RetryWait = cmp.Or(config.RetryWait, 500*time.Millisecond)
	sender := newDoer(config, pool)
	if sender.scrubber.holds(config.Host) {
		return nil, failure.Usage("give the host alone; the key comes from the environment or a file", "the Palette host has the API key in it")
	}
	return newScoped(base, sender, TenantScope(), ""), nil
}

func newScoped(base *url.URL, sender *doer, scope Scope, projectUID string) *Client {
	return &Client{base: base, doer: sender, scope: scope, projectUID: projectUID}
}

func authorities(pem []byte) (*x509.CertPool, error) {
	if len(pem) == 0 {
		return nil, nil
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(pem) {
		return nil, failure.Usage("give a file of PEM certificates", "the certificate file for Palette has no certificate")
	}
	return pool, nil
}

// Host returns the host that is talked to.
func (c *Client) Host() string { return c.base.Host }

// findProfiles returns the profiles of that name, of all scopes and versions, and those
// whose name the list does not tell; what else it tells of the name goes into s.
func (c *Client) findProfiles(ctx context.Context, name string, s *snapshot) ([]candidate, error) {
	listed, err := send[api.V1ClusterProfilesMetadata](ctx, c, read("/v1/dashboard/clusterprofiles/metadata"))
	if err != nil {
		return nil, err
	}
	var found []candidate
	for _, item := range listed.Items {
		switch have := item.Metadata; {
		case have.Name != name && have.Name != "":
			if strings.EqualFold(strings.TrimSpace(have.Name), strings.TrimSpace(name)) {
				s.alike = have.Name
			}
		case have.Uid == "" && have.Name == "":
			s.nameless++
		case have.Uid == "":
			return nil, fmt.Errorf("the list of profiles has %q without a uid", name)
		default:
			found = append(found, candidate{UID: have.Uid, Name: have.Name, Version: item.Spec.Version, CloudType: item.Spec.CloudType})
		}
	}
	return found, nil
}

func (c *Client) profile(ctx context.Context, uid string) (*Profile, error) {
	body, err := send[api.V1ClusterProfile](ctx, c, read("/v1/clusterprofiles/{uid}", uid))
	if err != nil {
		return nil, err
	}
	switch got := body.Metadata.Uid; {
	case got != "" && got != uid:
		return nil, fmt.Errorf("asked for the profile %s, the answer is about %s", uid, oneLine(got))
	case got == "" && body.Metadata.Name == "":
		return nil, fmt.Errorf("asked for the profile %s, the answer does not tell which profile it is about", uid)
	}
	body.Metadata.Uid = uid
	return newProfile(body), nil
}

// manifestList is as v1ManifestEntities of the API. The generated type does not tell
// an empty draft from none.
type manifestList struct {
	Items []manifestContent `json:"items"`
}

// manifests returns the contents of a layer's manifests.
func (c *Client) manifests(ctx context.Context, uid, layer string) ([]manifestContent, error) {
	listed, err := send[manifestList](ctx, c, read("/v1/clusterprofiles/{uid}/packs/{packName}/manifests", uid, layer))
	if err != nil {
		return nil, err
	}
	return listed.Items, nil
}

func (c *Client) variables(ctx context.Context, uid string) ([]api.V1Variable, error) {
	list, err := send[api.V1Variables](ctx, c, read("/v1/clusterprofiles/{uid}/variables", uid))
	if err != nil {
		return nil, err
	}
	if len(list.Variables) == 0 {
		// An empty list and none are the same, and are compared.
		return nil, nil
	}
	return list.Variables, nil
}

const (
	packsOfPage = 50
	// No pack has as many versions as so many pages hold.
	maxPages = 100
)

// packs returns the versions of a pack that a registry has.
func (c *Client) packs(ctx context.Context, name, registryUID string) ([]api.V1PackSummary, error) {
	do := read("/v1/packs")
	do.query = url.Values{
		"filters": {"spec.name=" + name + "ANDspec.registryUid=" + registryUID},
		"limit":   {strconv.Itoa(packsOfPage)},
	}
	var all []api.V1PackSummary
	seen := map[string]bool{}
	for range maxPages {
		page, err := send[api.V1PackSummaries](ctx, c, do)
		if err != nil {
			return nil, err
		}
		all = append(all, page.Items...)
		next := page.Listmeta.Continue
		switch {
		case next == "":
			return all, nil
		case seen[next]:
			return nil, fmt.Errorf("the list of packs does not end: page %q comes again", oneLine(next))
		}
		seen[next] = true
		do.query.Set("continue", next)
	}
	return nil, fmt.Errorf("the list of packs does not end: it has more than %d pages", maxPages)
}

// registries returns those of that name.
func (c *Client) registries(ctx context.Context, name string) ([]api.V1RegistryMetadata, error) {
	do := read("/v1/registries/metadata")
	do.query = url.Values{"scope": {"all"}}
	listed, err := send[api.V1RegistriesMetadata](ctx, c, do)
	if err != nil {
		return nil, err
	}
	var named []api.V1RegistryMetadata
	var names []string
	for _, item := range listed.Items {
		if item.Name == name {
			named = append(named, item)
		} else if item.Name != "" {
			names = append(names, item.Name)
		}
	}
	if len(named) > 0 {
		return named, nil
	}
	e := refused("check target.registry", "palette %s has no registry named %q", c.Host(), name)
	if len(names) > 0 {
		e.Next += fmt.Sprintf("; it has %s", text.List(names, maxNamed))
	}
	return nil, e
}

// verdict is what Palette says of a layer; judged tells whether it said anything.
type verdict struct {
	judged      bool
	own, others []string
}

// validate asks Palette whether a profile would be good with this layer.
func (c *Client) validate(ctx context.Context, uid string, template templateKind, layer Layer) (verdict, error) {
	do := edit(http.MethodPost, "/v1/clusterprofiles/validate/packs", template.with(layer))
	if uid != "" {
		do = edit(http.MethodPost, "/v1/clusterprofiles/{uid}/validate/packs", template.with(layer), uid)
	}
	do.status, do.reads = http.StatusOK, true
	response, err := send[api.V1ClusterProfileValidatorResponse](ctx, c, do)
	if err != nil {
		return verdict{}, err
	}
	var v verdict
	for _, result := range response.Packs.Results {
		own := result.Name == layer.Name || result.Name == "" && result.DisplayName == layer.Name
		v.judged = v.judged || own
		for _, problem := range result.Errors {
			line := cmp.Or(result.Name, result.DisplayName, "the profile") + ": " + c.doer.scrubber.line(problem.Message)
			if problem.Code != "" {
				line += " (" + problem.Code + ")"
			}
			if own {
				v.own = append(v.own, line)
			} else {
				v.others = append(v.others, line)
			}
		}
	}
	return v, nil
}

func (c *Client) createProfile(ctx context.Context, name, version string, template templateKind, layer Layer) (string, error) {
	do := edit(http.MethodPost, "/v1/clusterprofiles", newEntity(name, version, template.with(layer)))
	do.query = url.Values{"publish": {"false"}}
	return c.made(ctx, do)
}

// made is a call that makes something, and returns its uid.
func (c *Client) made(ctx context.Context, do call) (string, error) {
	do.status = http.StatusCreated
	made, err := send[api.V1Uid](ctx, c, do)
	if err != nil {
		return "", err
	}
	return made.Uid, nil
}

func (c *Client) addLayer(ctx context.Context, uid string, layer Layer) error {
	_, err := c.made(ctx, edit(http.MethodPost, "/v1/clusterprofiles/{uid}/packs", api.V1PackInputEntity{Pack: layer.entity()}, uid))
	return err
}

func (c *Client) updateLayer(ctx context.Context, uid string, layer Layer) error {
	body := api.V1PackUpdateEntity{Pack: api.V1PackEntity{
		Uid: layer.PackUID, Name: layer.Name, Layer: layer.Layer, Tag: layer.Tag, Type: api.V1PackType(layer.Type), Values: layer.Values,
	}}
	return update(ctx, c, edit(http.MethodPut, "/v1/clusterprofiles/{uid}/packs/{packName}", body, uid, layer.Name))
}

// replaceLayers puts other layers in place of all of a profile's.
func (c *Client) replaceLayers(ctx context.Context, profile *Profile, layers []Layer) error {
	var body api.V1ClusterProfileUpdateEntity
	body.Metadata = api.V1ObjectMeta{
		Name: profile.Name, Uid: profile.UID, Labels: profile.metadata.Labels, Annotations: profile.metadata.Annotations,
	}
	body.Spec.Version = profile.nextVersion
	body.Spec.Template.Type = api.V1ProfileType(profile.Kind.Type)
	for _, l := range layers {
		pack := api.V1PackManifestUpdateEntity{
			Name: l.Name, Layer: l.Layer, Type: api.V1PackType(l.Type), Tag: l.Tag,
			Uid: l.PackUID, RegistryUid: l.RegistryUID, Values: l.Values,
		}
		for _, m := range l.Manifests {
			pack.Manifests = append(pack.Manifests, api.V1ManifestRefUpdateEntity{Name: m.Name, Uid: m.UID, Content: m.Content})
		}
		body.Spec.Template.Packs = append(body.Spec.Template.Packs, pack)
	}
	return update(ctx, c, edit(http.MethodPut, "/v1/clusterprofiles/{uid}", body, profile.UID))
}

func (c *Client) cloneProfile(ctx context.Context, uid, name, version string) (string, error) {
	body := api.V1ClusterProfileCloneEntity{Metadata: api.V1ClusterProfileCloneMetaInputEntity{Name: name, Version: version}}
	return c.made(ctx, edit(http.MethodPost, "/v1/clusterprofiles/{uid}/clone", body, uid))
}

func (c *Client) publish(ctx context.Context, uid string) error {
	return update(ctx, c, edit(http.MethodPatch, "/v1/clusterprofiles/{uid}/publish", nil, uid))
}
