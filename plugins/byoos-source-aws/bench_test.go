package main

import (
	"fmt"
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/test/fakeaws"
)

// BenchmarkSearch reads AMIs of one region; test/bench/aws.sh measures the whole
// program beside the AWS CLI.
func BenchmarkSearch(b *testing.B) {
	for _, n := range []int{1000, 10000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			_, url := fakeaws.Start(b, fakeaws.World{Generate: []fakeaws.Generate{{Region: "us-east-1", Count: n}}})
			offline(b, url)
			for b.Loop() {
				if out := run(b, call{config: `{"ami":{}}`}); len(out.images) != n {
					b.Fatalf("%d images", len(out.images))
				}
			}
		})
	}
}
