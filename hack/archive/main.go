// Command archive finishes a release archive: hack/dist.sh builds the programs of
// one platform into a folder, and this
//
//   - looks up the modules that are linked into them, and their licences, which
//     must be among those that we may pass on
//   - puts THIRD_PARTY_NOTICES beside the programs
//   - writes a CycloneDX bill of materials, and the archive
//
// It writes the same bytes for the same input, on any machine: no time of day, no
// random number, no owner, no name of a folder.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"time"
)

type options struct {
	version, stage, out string
	epoch               int64
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var o options
	flag.StringVar(&o.version, "version", "", "the release, such as v1.2.3")
	flag.StringVar(&o.stage, "stage", "", "the folder that holds the built programs")
	flag.StringVar(&o.out, "out", "", "the archive to write, without .tar.gz")
	flag.Int64Var(&o.epoch, "epoch", 0, "the time of all files, in seconds since 1970")
	flag.Parse()
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "archive:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) error {
	if o.version == "" || o.stage == "" || o.out == "" || o.epoch <= 0 {
		return errors.New("-version, -stage, -out and -epoch are needed; see hack/dist.sh")
	}
	programs, err := readPrograms(o.stage)
	if err != nil {
		return err
	}
	modules, err := linkedModules(ctx, programs)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(o.stage, "THIRD_PARTY_NOTICES"), notices(modules), 0o644); err != nil { //nolint:gosec // everybody may read it
		return err
	}
	if err := writeArchive(o.out+".tar.gz", o.stage, time.Unix(o.epoch, 0).UTC()); err != nil {
		return err
	}
	bill, err := billOfMaterials(o, programs, modules)
	if err != nil {
		return err
	}
	return os.WriteFile(o.out+".cdx.json", bill, 0o644) //nolint:gosec // everybody may read it
}
