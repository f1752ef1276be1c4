// Package catalog makes up images for tests and benchmarks.
package catalog

import (
	"fmt"
	"strconv"
	"time"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
)

// Images returns n images as a cloud has them.
func Images(n int) []sdk.Image {
	images := make([]sdk.Image, n)
	created := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	for i := range images {
		images[i] = sdk.Image{
			ID: fmt.Sprintf("ami-%017x", i), Provider: "aws", Name: fmt.Sprintf("capa-ami-rhel-8-1.30.4-%d", i),
			Region: "us-east-1", Architecture: "amd64", OSName: "rhel", OSVersion: "8", KubernetesVersion: "1.30.4",
			CreatedAt: created.Add(time.Duration(i) * time.Minute), State: sdk.Available, Owner: "self", OwnerID: "123456789012",
			Tags:       map[string]string{"team": "platform", "build": strconv.Itoa(i)},
			Reference:  &sdk.Reference{Kind: "arn", Value: "arn:aws:ec2:us-east-1::image/ami-1"},
			Provenance: map[string]sdk.Provenance{"os.name": {From: "tag", Key: "distribution", Raw: "RHEL"}},
		}
	}
	return images
}
