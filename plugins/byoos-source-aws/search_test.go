package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-aws/internal/ami"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
	"github.com/kubectl-byoos/kubectl-byoos/test/fakeaws"
)

func amiOf(region, id, created string, change ...func(*fakeaws.AMI)) fakeaws.AMI {
	a := fakeaws.AMI{Region: region, ID: id, Name: "golden-" + id, CreationDate: created}
	for _, c := range change {
		c(&a)
	}
	return a
}

func id(n int) string { return fmt.Sprintf("ami-%017x", n) }

func TestAMISearch(t *testing.T) {
	w := searchWorld()
	tests := []struct {
		name, config string
		want         []string
	}{
		{"own", `{}`, []string{id(1), id(2), id(5)}},
		{"tag", `{"tags":{"team":"platform"}}`, []string{id(1)}},
		{"tag, several values", `{"tags":{"team":["platform","other"]}}`, []string{id(1), id(2)}},
		{"filter", `{"filters":{"architecture":"arm64"}}`, []string{id(1)}},
		{"other account, deprecated too", `{"owners":["444455556666"]}`, []string{id(3)}},
		{"self and amazon", `{"owners":["self","amazon"]}`, []string{id(1), id(2), id(4), id(5)}},
		{"own id and self", `{"owners":["self","111122223333"]}`, []string{id(1), id(2), id(5)}},
		{"name", `{"namePattern":"golden-*2"}`, []string{id(2)}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			start(t, w)
			out := run(t, call{config: `{"ami":` + test.config + `,"tagKeys":{"version":"img-version"}}`})
			out.noErrors(t)
			var got []string
			for _, img := range out.images {
				got = append(got, img.ID)
			}
			if !slices.Equal(sorted(got), sorted(test.want)) {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

func TestFactsOfASearch(t *testing.T) {
	start(t, searchWorld())
	out := run(t, call{config: `{"ami":{"owners":["self","amazon"]},"tagKeys":{"version":"img-version"}}`})
	one := out.find(t, id(1))
	if one.Owner != "self" || one.OSName != "ubuntu" || one.OSVersion != "24.04" || one.KubernetesVersion != "1.30.4" || one.Architecture != "arm64" {
		t.Errorf("facts of Kubernetes Image Builder's tags: %+v", one)
	}
	if p := one.Provenance["kubernetesVersion"]; p != (sdk.Provenance{From: "tag", Key: "kubernetes_version", Raw: "v1.30.4"}) {
		t.Errorf("provenance %+v", p)
	}
	two := out.find(t, id(2))
	if two.OSName != "rhel" || two.OSVersion != "" || two.Version != "7" || two.Provenance["os.name"].Key != "platformDetails" {
		t.Errorf("facts of platform details and tagKeys: %+v", two)
	}
	if four := out.find(t, id(4)); four.Owner != "amazon" || !four.Public {
		t.Errorf("owner %+v", four)
	}
	if five := out.find(t, id(5)); five.State != sdk.Failed || !strings.Contains(five.StateReason, "no snapshot") {
		t.Errorf("state %+v", five)
	}
}

func searchWorld() fakeaws.World {
	const created = "2026-06-01T00:00:00.000Z"
	return fakeaws.World{AMIs: []fakeaws.AMI{
		amiOf("us-east-1", id(1), created, func(a *fakeaws.AMI) {
			a.Architecture = "arm64"
			a.Tags = map[string]string{"distribution": "Ubuntu", "distribution_version": "24.04", "kubernetes_version": "v1.30.4", "team": "platform"}
		}),
		amiOf("us-east-1", id(2), created, func(a *fakeaws.AMI) {
			a.PlatformDetails = "Red Hat Enterprise Linux"
			a.Tags = map[string]string{"team": "other", "img-version": "7"}
		}),
		amiOf("us-east-1", id(3), created, func(a *fakeaws.AMI) {
			a.Owner = "444455556666"
			a.Public = true
			a.DeprecationTime = "2026-06-02T00:00:00.000Z"
		}),
		amiOf("us-east-1", id(4), created, func(a *fakeaws.AMI) { a.Owner = "137112412989"; a.OwnerAlias = "amazon"; a.Public = true }),
		amiOf("us-east-1", id(5), created, func(a *fakeaws.AMI) { a.State = "failed"; a.StateReason = "no snapshot" }),
		amiOf("us-east-1", id(6), created, func(a *fakeaws.AMI) { a.ImageType = "kernel" }),
	}}
}

// TestStrangersAreNamedAndNeverUsable is the whoAMI attack: a newer public AMI
// of somebody else with a matching name.
func TestStrangersAreNamedAndNeverUsable(t *testing.T) {
	w := fakeaws.World{AMIs: []fakeaws.AMI{
		amiOf("us-east-1", id(1), "2026-06-01T00:00:00.000Z", func(a *fakeaws.AMI) { a.Tags = map[string]string{"team": "platform"} }),
		amiOf("us-east-1", id(2), "2026-06-20T00:00:00.000Z", func(a *fakeaws.AMI) { a.Owner = "666666666666"; a.Public = true }),
		amiOf("us-east-1", id(3), "2026-05-20T00:00:00.000Z", func(a *fakeaws.AMI) { a.Owner = "666666666666"; a.Public = true }),
	}}
	start(t, w)
	out := run(t, call{config: `{"ami":{"namePattern":"golden-*","tags":{"team":"platform"}}}`})
	out.noErrors(t)
	if got := out.usable(now())["us-east-1"]; !slices.Equal(got, []string{id(1)}) {
		t.Errorf("usable %v, want our own only", got)
	}
	stranger := out.find(t, id(2))
	if stranger.State != sdk.Available || stranger.Evidence != sdk.Asked || !strings.Contains(stranger.Withheld, "666666666666") || stranger.Owner != "666666666666" {
		t.Errorf("stranger %+v", stranger)
	}
	if len(out.images) != 2 {
		t.Errorf("an older stranger is no danger, yet listed: %d images", len(out.images))
	}

	fake := start(t, w)
	out = run(t, call{config: `{"ami":{"namePattern":"golden-*","showStrangers":false}}`})
	if len(out.images) != 1 || count(fake.Calls(), "DescribeImages") != 1 {
		t.Errorf("showStrangers: false still looks for them")
	}

	start(t, w)
	out = run(t, call{config: `{"ami":{"namePattern":"golden-*","owners":["any"],"dangerouslyAllowAnyOwner":true}}`})
	out.noErrors(t)
	if len(out.usable(now())["us-east-1"]) != 3 || len(out.diagnostics) != 1 || out.diagnostics[0].Severity != sdk.Warning {
		t.Errorf("owner any: %s", out.text(t))
	}
	if out.find(t, id(1)).Owner != "self" {
		t.Errorf("owner any: own AMI is not self")
	}
}

// TestOwnPublicAMIIsNoStranger: STS says which account is one's own, when the search
// for self found nothing that tells.
func TestOwnPublicAMIIsNoStranger(t *testing.T) {
	public := func(a *fakeaws.AMI) { a.Public = true }
	foreign := func(a *fakeaws.AMI) { a.Owner, a.Public = "666666666666", true }
	w := fakeaws.World{AMIs: []fakeaws.AMI{
		amiOf("us-east-1", id(1), "2026-06-20T00:00:00.000Z", public),
		amiOf("us-east-1", id(2), "2026-06-19T00:00:00.000Z", foreign),
		amiOf("eu-west-1", id(3), "2026-06-20T00:00:00.000Z", public),
	}}
	for _, owners := range []string{`["self"]`, `["444455556666"]`, `["self","444455556666"]`} {
		fake := start(t, w)
		out := run(t, call{config: `{"regions":["us-east-1","eu-west-1"],"ami":{"owners":` + owners + `,"namePattern":"golden-*","tags":{"team":"none"}}}`})
		out.noErrors(t)
		if len(out.images) != 1 || out.images[0].ID != id(2) || strings.Contains(out.images[0].Withheld, "could not be asked") {
			t.Errorf("owners %s: %+v", owners, out.images)
		}
		if n := count(fake.Calls(), "GetCallerIdentity"); n != 1 {
			t.Errorf("owners %s: STS is asked %d times, want once", owners, n)
		}
	}
	w.Faults = []fakeaws.Fault{{Service: "sts", Kind: "deny"}}
	start(t, w)
	out := run(t, call{config: `{"ami":{"namePattern":"golden-*","tags":{"team":"none"}}}`})
	out.noErrors(t)
	if img := out.find(t, id(1)); !strings.Contains(img.Withheld, "whether that account is your own could not be asked") {
		t.Errorf("%+v", img)
	}
}

// TestOwnAccountByItsNumberIsSelf: where: image.owner == "self" means the account,
// however it is named.
func TestOwnAccountByItsNumberIsSelf(t *testing.T) {
	start(t, fakeaws.World{AMIs: []fakeaws.AMI{
		amiOf("us-east-1", id(1), "2026-06-01T00:00:00.000Z"),
		amiOf("us-east-1", id(2), "2026-06-01T00:00:00.000Z", func(a *fakeaws.AMI) { a.Owner, a.Public = "444455556666", true }),
	}})
	for _, owners := range []string{`"111122223333","444455556666"`, `"self","444455556666"`, `"self","111122223333","444455556666"`} {
		out := run(t, call{config: `{"ami":{"owners":[` + owners + `]}}`})
		out.noErrors(t)
		if len(out.images) != 2 {
			t.Errorf("%s: %d images, want 2", owners, len(out.images))
		}
		if own, other := out.find(t, id(1)).Owner, out.find(t, id(2)).Owner; own != "self" || other != "444455556666" {
			t.Errorf("%s: %s and %s", owners, own, other)
		}
	}
}

// TestWhoseIsNotKnown: an expression about image.owner is not false without a word.
func TestWhoseIsNotKnown(t *testing.T) {
	w := fakeaws.World{
		Faults: []fakeaws.Fault{{Service: "sts", Kind: "deny"}},
		AMIs:   []fakeaws.AMI{amiOf("us-east-1", id(1), "2026-06-01T00:00:00.000Z")},
	}
	for owners, want := range map[string]int{`"111122223333"`: 1, `"self","111122223333"`: 0, `"amazon"`: 0} {
		start(t, w)
		out := run(t, call{config: `{"ami":{"owners":[` + owners + `]}}`})
		out.noErrors(t)
		told := slices.DeleteFunc(out.diagnostics, func(d sdk.Diagnostic) bool {
			return d.Severity != sdk.Warning || !strings.Contains(d.Summary, "is your own account is not known") || d.Detail == ""
		})
		if len(told) != want {
			t.Errorf("%s: %+v", owners, out.diagnostics)
		}
	}
}

func TestAllowedAMIs(t *testing.T) {
	w := fakeaws.World{AllowedAMIs: "audit-mode", AllowedOwners: []string{"amazon"}, AMIs: []fakeaws.AMI{
		amiOf("us-east-1", id(1), "2026-06-01T00:00:00.000Z", func(a *fakeaws.AMI) { a.Owner = "444455556666"; a.Public = true }),
		amiOf("us-east-1", id(2), "2026-06-01T00:00:00.000Z"),
	}}
	start(t, w)
	out := run(t, call{config: `{"ami":{"owners":["self","444455556666"]}}`})
	if img := out.find(t, id(1)); img.State != sdk.Available || !strings.Contains(img.Withheld, "Allowed AMIs") {
		t.Errorf("%+v", img)
	}
	if img := out.find(t, id(2)); img.State != sdk.Available {
		t.Errorf("%+v", img)
	}
}

// TestTagsBesideImageBuilder: the tags that the configuration names say more than Image
// Builder, whose text is of a major version.
func TestTagsBesideImageBuilder(t *testing.T) {
	tests := []struct {
		name, keys, text string
		tags             map[string]string
		want             [3]string // OS name and version, version
	}{
		{"no tags", `{}`, "Ubuntu 24", nil, [3]string{"ubuntu", "24", "1.0.0/1"}},
		{"a version", `{"osVersion":"release"}`, "Ubuntu 24", map[string]string{"release": "24.04"}, [3]string{"ubuntu", "24.04", "1.0.0/1"}},
		{"a version without a dot", `{"osVersion":"release"}`, "Ubuntu 24", map[string]string{"release": "2404"}, [3]string{"ubuntu", "24.04", "1.0.0/1"}},
		{"a name", `{"osName":"os"}`, "Red Hat Enterprise Linux 8", map[string]string{"os": "RHEL"}, [3]string{"rhel", "8", "1.0.0/1"}},
		{"another name", `{"osName":"os"}`, "Red Hat Enterprise Linux 8", map[string]string{"os": "rocky"}, [3]string{"rockylinux", "", "1.0.0/1"}},
		{"both", `{"osName":"os","osVersion":"release"}`, "Ubuntu 24", map[string]string{"os": "ubuntu", "release": "24.04"}, [3]string{"ubuntu", "24.04", "1.0.0/1"}},
		{"a version of another system", `{"osVersion":"release"}`, "Red Hat Enterprise Linux 8", map[string]string{"release": "24.04"}, [3]string{"rhel", "", "1.0.0/1"}},
		{"text in a tag", `{"osName":"os"}`, "Ubuntu 24", map[string]string{"os": "Ubuntu 24.04 LTS"}, [3]string{"ubuntu", "24.04", "1.0.0/1"}},
		{"names of two kinds", `{}`, "Ubuntu 24", map[string]string{"distribution": "ubuntu", "distro_name": "rhel", "distro_version": "8"}, [3]string{"ubuntu", "24", "1.0.0/1"}},
		{"a version of the image", `{"version":"v"}`, "Ubuntu 24", map[string]string{"v": "7"}, [3]string{"ubuntu", "24", "7"}},
		{"no version of the image", `{"version":"v"}`, "Ubuntu 24", nil, [3]string{"ubuntu", "24", ""}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			start(t, fakeaws.World{
				AMIs: []fakeaws.AMI{amiOf("us-east-1", id(1), june, func(a *fakeaws.AMI) { a.Tags = test.tags })},
				Builds: []fakeaws.Build{{
					Region: "us-east-1", Name: "golden", Version: "1.0.0", Build: 1, DateCreated: june, OSVersion: test.text,
					Outputs: []fakeaws.Output{{Region: "us-east-1", AMI: id(1)}},
				}},
			})
			img := run(t, call{config: `{"imageBuilder":{"image":"golden"},"tagKeys":` + test.keys + `}`}).find(t, id(1))
			if got := [3]string{img.OSName, img.OSVersion, img.Version}; got != test.want {
				t.Errorf("%q, want %q", got, test.want)
			}
		})
	}
}

// TestStrangersOfUnknownAge: what EC2 does not say of a stranger's AMI does not
// hide it, and does not make an own AMI a stranger's.
func TestStrangersOfUnknownAge(t *testing.T) {
	known := ami.Known{Owners: map[string]bool{}, Public: map[string]bool{}}
	known.Note(sdk.Image{ID: id(1), Public: true, State: sdk.Available, CreatedAt: now()})
	known.Note(sdk.Image{ID: id(2), OwnerID: self})
	if !known.Public[id(1)] || known.Owners[""] || !known.Owners[self] || !known.Newest.Equal(now()) {
		t.Errorf("%+v", known)
	}
}
