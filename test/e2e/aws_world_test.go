package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kubectl-byoos/kubectl-byoos/test/fakeaws"
)

const (
	awsOld      = "ami-00000000000000001"
	awsOlder    = "ami-00000000000000004"
	awsWanted   = "ami-00000000000000002"
	awsDisabled = "ami-00000000000000003"
	awsStranger = "ami-00000000000000006"
)

// awsWorld has a pipeline of three builds of two versions, and what stands beside it: another
// pipeline and image, a newer AMI that is disabled, and a stranger's newest.
func awsWorld() fakeaws.World {
	tags := func(kubernetes string) map[string]string {
		return map[string]string{"team": "x", "distribution": "Ubuntu", "distribution_version": "24.04", "kubernetes_version": kubernetes}
	}
	ami := func(id, name, created string) fakeaws.AMI {
		return fakeaws.AMI{Region: "us-east-1", ID: id, Name: name, CreationDate: created, Tags: tags("v1.30.2")}
	}
	disabled := ami(awsDisabled, "golden-3", "2026-06-03T00:00:00.000Z")
	disabled.State = "disabled"
	stranger := ami(awsStranger, "golden-6", "2026-06-06T00:00:00.000Z")
	stranger.Owner, stranger.Public = "666666666666", true
	build := func(pipeline, name, version string, n int, id, created string) fakeaws.Build {
		return fakeaws.Build{
			Region: "us-east-1", Pipeline: pipeline, Name: name, Version: version, Build: n, OSVersion: "Ubuntu 24", DateCreated: created,
			Outputs: []fakeaws.Output{{Region: "us-east-1", AMI: id}},
		}
	}
	return fakeaws.World{
		Regions:   []fakeaws.Region{{Name: "us-east-1"}, {Name: "eu-west-1"}},
		Roles:     []fakeaws.Role{{ARN: "arn:aws:iam::111122223333:role/reader"}},
		Pipelines: []fakeaws.Pipeline{{Region: "us-east-1", Name: "Golden"}, {Region: "us-east-1", Name: "Other"}},
		Builds: []fakeaws.Build{
			build("Golden", "golden", "1.0.0", 1, awsOlder, "2026-05-31T00:00:00Z"),
			build("Golden", "golden", "1.1.0", 1, awsOld, "2026-06-01T00:00:00Z"), build("Golden", "golden", "1.1.0", 2, awsWanted, "2026-06-02T00:00:00Z"),
			build("Other", "other", "1.0.0", 9, "ami-00000000000000009", "2026-06-05T00:00:00Z"),
		},
		AMIs: []fakeaws.AMI{
			ami(awsOlder, "golden-0", "2026-05-31T00:00:00.000Z"), ami(awsOld, "golden-1", "2026-06-01T00:00:00.000Z"), ami(awsWanted, "golden-2", "2026-06-02T00:00:00.000Z"),
			ami("ami-00000000000000009", "other-9", "2026-06-05T00:00:00.000Z"), disabled, stranger,
		},
		Parameters: []fakeaws.Parameter{{Region: "us-east-1", Name: "/aws/service/golden", Value: awsWanted}},
	}
}

const awsSpec = `apiVersion: byoos.dev/v1alpha1
kind: ImageSet
sources:
  - {name: search, type: aws, config: {regions: all-enabled, ami: {namePattern: "golden-*"}, callTimeout: 20s}}
  - {name: pipeline, type: aws, config: {imageBuilder: {pipeline: Golden, region: us-east-1}, callTimeout: 20s}}
  - {name: image, type: aws, config: {imageBuilder: {image: golden, region: us-east-1}, callTimeout: 20s}}
  - {name: build, type: aws, config: {imageBuilder: {image: "arn:aws:imagebuilder:us-east-1:111122223333:image/golden/1.1.0/2"}, callTimeout: 20s}}
  - {name: parameter, type: aws, config: {regions: us-east-1, ssmParameter: /aws/service/golden, roleArn: "arn:aws:iam::111122223333:role/reader", callTimeout: 20s}}
packs:
`

func awsFiles(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	var all strings.Builder
	for _, pack := range awsPacks() {
		line := fmt.Sprintf("  - {name: %s, pack: generic-byoi, sources: [%s], select: {provider: aws, region: us-east-1}, values: {osName: ubuntu, osVersion: \"24.04\"}}\n", pack, pack)
		all.WriteString(line)
		if err := os.WriteFile(filepath.Join(dir, pack+".yaml"), []byte(awsSpec+line), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "all.yaml"), []byte(awsSpec+all.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

func serve(t *testing.T, world fakeaws.World, wrap func(http.Handler) http.Handler) *httptest.Server {
	t.Helper()
	fake, err := fakeaws.New(world, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(wrap(fake))
	t.Cleanup(server.Close)
	t.Cleanup(fake.Close)
	return server
}
