// Command fill-registry pushes provider images into a registry on loopback: a few
// real ones, or many tags of one for a benchmark.
package main

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/signal"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"golang.org/x/sync/errgroup"

	"github.com/kubectl-byoos/kubectl-byoos/test/registry"
)

func main() {
	host := flag.String("registry", "127.0.0.1:5000", "host:port of the registry")
	tags := flag.Int("tags", 0, "push this many tags of one image to bench/ubuntu, instead of the images of the example")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	fill := func() error { return example(ctx, *host) }
	if *tags > 0 {
		fill = func() error { return many(ctx, *host, *tags) }
	}
	if err := fill(); err != nil {
		fmt.Fprintln(os.Stderr, "fill-registry:", err)
		os.Exit(1)
	}
}

// example pushes what two CanvOS builds and their rebuilds leave in a registry.
func example(ctx context.Context, host string) error {
	created := time.Date(2026, 8, 1, 9, 0, 0, 0, time.UTC)
	both := []string{"amd64", "arm64"}
	for _, image := range []struct {
		reference     string
		architectures []string
		release       string
	}{
		{"edge/ubuntu:k3s-1.30.4-v4.7.0-demo", both, "22.04"},
		{"edge/ubuntu:k3s-1.30.10-v4.6.2-demo", both, "22.04"},
		{"edge/ubuntu:k3s-1.30.10-v4.7.0-rc.2-demo", both, "22.04"},
		{"edge/ubuntu:k3s-1.30.10-v4.7.0-demo", both, "22.04"},
		{"edge/ubuntu:k3s-1.31.1-v4.7.0-demo", []string{"amd64"}, "22.04"},
		{"edge/ubuntu:kubeadm-fips-1.30.10-v4.7.0", []string{"amd64"}, "24.04"},
	} {
		created = created.Add(time.Hour)
		digest, err := registry.Push(host+"/"+image.reference, registry.Image{
			Architectures: image.architectures, Created: created, Layers: registry.Ubuntu(image.release),
		}, remote.WithContext(ctx))
		if err != nil {
			return err
		}
		fmt.Printf("%s/%s@%s\n", host, image.reference, digest)
	}
	return nil
}

// many pushes one image under n tags, in random order.
func many(ctx context.Context, host string, n int) error {
	repository := host + "/bench/ubuntu"
	if _, err := registry.Push(repository+":seed", registry.Image{Layers: registry.Ubuntu("22.04")}, remote.WithContext(ctx)); err != nil {
		return err
	}
	ref, err := name.ParseReference(repository + ":seed")
	if err != nil {
		return err
	}
	puller, err := remote.NewPuller(remote.WithContext(ctx))
	if err != nil {
		return err
	}
	seed, err := puller.Get(ctx, ref)
	if err != nil {
		return err
	}
	pusher, err := remote.NewPusher(remote.WithContext(ctx))
	if err != nil {
		return err
	}
	var group errgroup.Group
	group.SetLimit(8)
	for _, i := range rand.New(rand.NewPCG(1, 2)).Perm(n) {
		group.Go(func() error { return pusher.Push(ctx, ref.Context().Tag(benchTag(i)), seed) })
	}
	return group.Wait()
}

// benchTag spreads n tags over five minor versions of Kubernetes, of ten patches
// each, and 200 versions of the agent. Of 10,000 tags 2,000 are of Kubernetes 1.30.
func benchTag(i int) string {
	return fmt.Sprintf("k3s-1.%d.%d-v4.%d.%d", 28+i%5, i/5%10, i/50/20, i/50%20)
}
