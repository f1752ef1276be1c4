package pack

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/mirror"
	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
)

// TestOrigins: each value says where it is from.
func TestOrigins(t *testing.T) {
	told := ami()
	told.Provenance["os.version"] = image.Provenance{Source: "cloud"}
	mirrors := []mirror.Rule{{From: "ttl.sh", To: "m.io/hub"}}
	edge := func(reference string, values spec.Values) spec.Pack {
		p := edgePack(&spec.Edge{Reference: reference}, values)
		p.Mirrors = mirrors
		return p
	}
	short, bare := edge("tag", spec.Values{}), provider("")
	short.Mirrors = []mirror.Rule{{From: "team", To: "m.io"}}
	bare.ID = "team/ubuntu:k3s-1.30.4-v4.4.0"
	const parts = ` system.k8sDistribution="k3s"(source edge) system.osName="ubuntu"(source edge) system.peVersion="v4.4.0"(source edge) system.osVersion="22"(source edge)`
	for name, tt := range map[string]struct {
		in   Input
		want string
	}{
		"found": {Input{spec.Pack{Name: "a", Pack: spec.GenericBYOI}, told},
			`osImageOverride="ami-0123456789abcdef0"(artifact_id) osName="rhel"(tag OS_NAME RHEL) osVersion="8"(source cloud)`},
		"the user's": {Input{spec.Pack{Name: "a", Pack: spec.GenericBYOI, Values: spec.Values{OSName: "centos", OSVersion: "8.8"}}, &image.Image{ID: "ami-1a2b3c4d", Provider: "aws", Source: "b"}},
			`osImageOverride="ami-1a2b3c4d"(source b) osName="centos"(spec packs[].values.osName) osVersion="8.8"(spec packs[].values.osVersion)`},
		"agent mode": {Input{edgePack(&spec.Edge{AgentMode: true}, spec.Values{}), nil}, `system.uri="NA"(spec packs[].edge.agentMode)`},
		"tag":        {Input{edgePack(&spec.Edge{Reference: "tag"}, spec.Values{}), provider("")}, `system.uri="ttl.sh/team/ubuntu:k3s-1.30.4-v4.4.0"(source edge)`},
		"tag of a mirror": {Input{edge("tag", spec.Values{}), provider("")},
			`system.uri="m.io/hub/team/ubuntu:k3s-1.30.4-v4.4.0"(configuration plugins.oci.rewrite ttl.sh/team/ubuntu)`},
		"tag without a registry, of which a mirror has none": {Input{short, bare}, `system.uri="team/ubuntu:k3s-1.30.4-v4.4.0"(source edge)`},
		"the user's registry":                                {Input{edge("tag", spec.Values{Registry: "q.io"}), provider("")}, `system.uri="q.io/team/ubuntu:k3s-1.30.4-v4.4.0"(spec packs[].values.registry)`},
		"the user's own registry": {Input{edge("tag", spec.Values{Registry: "ttl.sh"}), provider("")},
			`system.uri="ttl.sh/team/ubuntu:k3s-1.30.4-v4.4.0"(spec packs[].values.registry)`},
		"the user's repository": {Input{edge("tag", spec.Values{Repo: "b"}), provider("")}, `system.uri="ttl.sh/b:k3s-1.30.4-v4.4.0"(spec packs[].values.repo)`},
		"template": {Input{edgePack(nil, spec.Values{}), provider("")},
			`system.uri=TEMPLATE(template packs[].edge.shape system) system.registry="ttl.sh"(source edge) system.repo="team/ubuntu"(source edge)` + parts},
		"template of a mirror": {Input{edge("template", spec.Values{}), provider("")},
			`system.uri=TEMPLATE(template packs[].edge.shape system) system.registry="m.io"(configuration plugins.oci.rewrite ttl.sh/team/ubuntu) ` +
				`system.repo="hub/team/ubuntu"(configuration plugins.oci.rewrite ttl.sh/team/ubuntu)` + parts},
	} {
		values, err := Build(tt.in)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if diff := cmp.Diff(strings.ReplaceAll(tt.want, ") ", ")\n"), origins(values)); diff != "" {
			t.Errorf("%s: -want +got\n%s", name, diff)
		}
	}
}

// origins writes the fields of values, one a line.
func origins(values *Values) string {
	var lines []string
	for _, f := range values.Fields {
		value := `"` + f.Value + `"`
		if strings.Contains(value, "{{") {
			value = "TEMPLATE"
		}
		p := f.Provenance
		lines = append(lines, f.Path[1]+"="+value+"("+strings.TrimSpace(p.From+" "+p.Key+" "+p.Raw)+")")
	}
	return strings.Join(lines, "\n")
}
