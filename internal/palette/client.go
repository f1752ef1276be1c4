package palette

import (
	"cmp"
	"context"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/palette/api"
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
	api        *api.ClientWithResponses
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
	if config.RequestTimeout <= 0 {
		config.RequestTimeout = 30 * time.Second
	}
	if config.RetryWait <= 0 {
		config.RetryWait = 500 * time.Millisecond
	}
	return newScoped(base, newDoer(config, pool), TenantScope(), "")
}

func newScoped(base *url.URL, sender *doer, scope Scope, projectUID string) (*Client, error) {
	generated, err := api.NewClientWithResponses(base.String(),
		api.WithHTTPClient(sender),
		api.WithRequestEditorFn(func(_ context.Context, req *http.Request) error {
			if projectUID != "" {
				req.Header.Set("ProjectUid", projectUID)
			}
			return nil
		}))
	if err != nil {
		return nil, err
	}
	return &Client{base: base, doer: sender, api: generated, scope: scope, projectUID: projectUID}, nil
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

// answer unpacks a success whose body the generated client understood.
func answer[T any](body *T) (*T, error) {
	if body == nil {
		return nil, fmt.Errorf("the answer is not what Palette's API description says; is the host a Palette?")
	}
	return body, nil
}

// list unpacks an answer that is a list. One without items is none: an error that
// comes as a success would be taken for an empty list, and profiles made anew.
func list[T any](body *T, raw []byte) (*T, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(raw, &fields); err != nil {
		return answer[T](nil)
	}
	if _, ok := fields["items"]; !ok {
		return nil, fmt.Errorf("the answer is no list: it has no items; is the host a Palette?")
	}
	return answer(body)
}

// profileRef is a profile in a list. The version may be absent there.
type profileRef struct{ UID, Name, Version, CloudType string }

// listing is what Palette's list says of a name.
type listing struct {
	// refs are the profiles of that name, of all scopes and versions, and those whose
	// name the list does not tell.
	refs []profileRef
	// nameless is how many profiles the list tells nothing of.
	nameless int
	// alike is a name that is another in letter case or space alone; empty for none.
	alike string
}

func (c *Client) findProfiles(ctx context.Context, name string) (listing, error) {
	resp, err := c.api.V1ClusterProfilesMetadataWithResponse(ctx)
	if err != nil {
		return listing{}, err
	}
	listed, err := list(resp.JSON200, resp.Body)
	if err != nil {
		return listing{}, err
	}
	var found listing
	for _, item := range listed.Items {
		switch have := item.Metadata; {
		case have.Name != name && have.Name != "":
			if strings.EqualFold(strings.TrimSpace(have.Name), strings.TrimSpace(name)) {
				found.alike = have.Name
			}
		case have.Uid == "" && have.Name == "":
			found.nameless++
		case have.Uid == "":
			return listing{}, fmt.Errorf("the list of profiles has %q without a uid", name)
		default:
			found.refs = append(found.refs, profileRef{UID: have.Uid, Name: have.Name, Version: item.Spec.Version, CloudType: item.Spec.CloudType})
		}
	}
	return found, nil
}

func (c *Client) profile(ctx context.Context, uid string) (*Profile, error) {
	resp, err := c.api.V1ClusterProfilesGetWithResponse(ctx, uid, nil)
	if err != nil {
		return nil, err
	}
	body, err := answer(resp.JSON200)
	if err != nil {
		return nil, err
	}
	if got := body.Metadata.Uid; got != "" && got != uid {
		return nil, fmt.Errorf("asked for the profile %s, the answer is about %s", uid, got)
	}
	body.Metadata.Uid = uid
	return newProfile(body), nil
}

// manifests returns the contents of a layer's manifests.
func (c *Client) manifests(ctx context.Context, uid, layer string) ([]manifestContent, error) {
	resp, err := c.api.V1ClusterProfilesUidPacksUidManifestsWithResponse(ctx, uid, layer)
	if err != nil {
		return nil, err
	}
	if _, err := list(resp.JSON200, resp.Body); err != nil {
		return nil, err
	}
	// The generated type does not tell an empty draft from none.
	var contents struct {
		Items []manifestContent `json:"items"`
	}
	err = json.Unmarshal(resp.Body, &contents)
	return contents.Items, err
}

func (c *Client) variables(ctx context.Context, uid string) ([]api.V1Variable, error) {
	resp, err := c.api.V1ClusterProfilesUidVariablesGetWithResponse(ctx, uid)
	if err != nil {
		return nil, err
	}
	list, err := answer(resp.JSON200)
	if err != nil {
		return nil, err
	}
	if len(list.Variables) == 0 {
		// An empty list and none are the same, and are compared.
		return nil, nil
	}
	return list.Variables, nil
}

// packs returns the versions of a pack that a registry has.
func (c *Client) packs(ctx context.Context, name, registryUID string) ([]api.V1PackSummary, error) {
	var all []api.V1PackSummary
	params := api.V1PacksSummaryListParams{Filters: "spec.name=" + name + "ANDspec.registryUid=" + registryUID, Limit: 50}
	seen := map[string]bool{}
	for {
		resp, err := c.api.V1PacksSummaryListWithResponse(ctx, &params)
		if err != nil {
			return nil, err
		}
		page, err := list(resp.JSON200, resp.Body)
		if err != nil {
			return nil, err
		}
		all = append(all, page.Items...)
		next := page.Listmeta.Continue
		if next == "" {
			return all, nil
		}
		if seen[next] {
			return nil, fmt.Errorf("the list of packs does not end: page %q comes again", next)
		}
		seen[next] = true
		params.Continue = next
	}
}

// registries returns those of that name.
func (c *Client) registries(ctx context.Context, name string) ([]api.V1RegistryMetadata, error) {
	resp, err := c.api.V1RegistriesMetadataWithResponse(ctx, &api.V1RegistriesMetadataParams{Scope: "all"})
	if err != nil {
		return nil, err
	}
	listed, err := list(resp.JSON200, resp.Body)
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
		e.Next += fmt.Sprintf("; it has %s", joined(names))
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
	body := template.with(layer)
	var response *api.V1ClusterProfileValidatorResponse
	if uid == "" {
		resp, err := c.api.V1ClusterProfilesValidatePacksWithResponse(ctx, body)
		if err != nil {
			return verdict{}, err
		}
		response = resp.JSON200
	} else {
		resp, err := c.api.V1ClusterProfilesUidValidatePacksWithResponse(ctx, uid, body)
		if err != nil {
			return verdict{}, err
		}
		response = resp.JSON200
	}
	response, err := answer(response)
	if err != nil {
		return verdict{}, err
	}
	var v verdict
	for _, result := range response.Packs.Results {
		own := result.Name == layer.Name || result.Name == "" && result.DisplayName == layer.Name
		v.judged = v.judged || own
		for _, problem := range result.Errors {
			line := cmp.Or(result.Name, result.DisplayName, "the profile") + ": " + oneLine(c.doer.secret.scrub(problem.Message))
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
	var body api.V1ClusterProfileEntity
	body.Metadata.Name = name
	body.Spec.Version = version
	body.Spec.Template = template.with(layer)
	resp, err := c.api.V1ClusterProfilesCreateWithResponse(ctx, &api.V1ClusterProfilesCreateParams{Publish: false}, body)
	if err != nil {
		return "", err
	}
	uid, err := answer(resp.JSON201)
	if err != nil {
		return "", err
	}
	return uid.Uid, nil
}

func (c *Client) addLayer(ctx context.Context, uid string, layer Layer) error {
	_, err := c.api.V1ClusterProfilesUidPacksAddWithResponse(ctx, uid, nil, api.V1PackInputEntity{Pack: layer.entity()})
	return err
}

func (c *Client) updateLayer(ctx context.Context, uid string, layer Layer) error {
	body := api.V1PackUpdateEntity{Pack: api.V1PackEntity{
		Uid: layer.PackUID, Name: layer.Name, Layer: layer.Layer, Tag: layer.Tag, Type: api.V1PackType(layer.Type), Values: layer.Values,
	}}
	_, err := c.api.V1ClusterProfilesUidPacksNameUpdateWithResponse(ctx, uid, layer.Name, body)
	return err
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
	_, err := c.api.V1ClusterProfilesUpdateWithResponse(ctx, profile.UID, nil, body)
	return err
}

func (c *Client) cloneProfile(ctx context.Context, uid, name, version string) (string, error) {
	body := api.V1ClusterProfileCloneEntity{Metadata: api.V1ClusterProfileCloneMetaInputEntity{Name: name, Version: version}}
	resp, err := c.api.V1ClusterProfilesUidCloneWithResponse(ctx, uid, body)
	if err != nil {
		return "", err
	}
	cloned, err := answer(resp.JSON201)
	if err != nil {
		return "", err
	}
	return cloned.Uid, nil
}

func (c *Client) publish(ctx context.Context, uid string) error {
	_, err := c.api.V1ClusterProfilesPublishWithResponse(ctx, uid)
	return err
}
