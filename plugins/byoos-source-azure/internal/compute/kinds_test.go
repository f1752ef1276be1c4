package compute

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-azure/internal/arm/armtest"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-azure/internal/resourceid"
)

// readings are the ids that each call makes of an item.
func readings(ctx context.Context, t *testing.T, g Gallery, item string) map[string]string {
	t.Helper()
	api := armtest.Open(t, &armtest.Transport{Body: `{"value":[` + item + `],` + item[1:]}) // a list, and what is in it
	read := map[string]string{}
	keep := func(call, id, name string) error {
		read[call] = id + " " + name
		return nil
	}
	d, noDefinition := g.Definition(ctx, api, "D")
	v, noVersion := g.Version(ctx, api, "D", "1.0.0")
	if err := errors.Join(
		noDefinition, keep("definition", d.ID, d.Name), noVersion, keep("version", v.ID, v.Name),
		g.Definitions(ctx, api, func(d Definition) error { return keep("definitions", d.ID, d.Name) }),
		g.Versions(ctx, api, "D", func(v Version) error { return keep("versions", v.ID, v.Name) }),
	); err != nil {
		t.Errorf("%s: %v", g.Name, err)
	}
	return read
}

// What only galleries of the other kind have is not read: whatever stands there, it cannot
// fail an answer, and says nothing of which image it is.
func TestFieldsOfTheOtherKind(t *testing.T) {
	const (
		foreign = `{"name":"n","identifier":{"uniqueId":"ours"},"id":7,"tags":5,"location":[],"properties":{"provisioningState":7,` +
			`"publishingProfile":[],"safetyProfile":1,"replicationStatus":"x"}}`
		own = `{"name":"n","id":"ours","identifier":"text","properties":{"artifactTags":7,"publishedDate":[],"excludeFromLatest":"yes"}}`
	)
	for kind, item := range map[resourceid.Kind]string{
		resourceid.CommunityVersion: foreign, resourceid.SharedVersion: foreign,
		resourceid.GalleryVersion: own,
	} {
		read := readings(t.Context(), t, Gallery{Kind: kind, Subscription: "S", Group: "RG", Location: "L", Name: "G"}, item)
		for _, call := range []string{"definition", "definitions", "version", "versions"} {
			if read[call] != "ours n" {
				t.Errorf("%v: %s is %q", kind, call, read[call])
			}
		}
	}
	withID := strings.Replace(foreign, `"identifier":{"uniqueId":"ours"},"id":7`, `"id":"another's"`, 1)
	read := readings(t.Context(), t, Gallery{Kind: resourceid.CommunityVersion, Subscription: "S", Location: "L", Name: "G"}, withID)
	if read["versions"] != " n" || read["definition"] != " n" {
		t.Errorf("an id counts: %q", read)
	}
}
