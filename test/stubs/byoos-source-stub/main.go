// byoos-source-stub is a source plugin for tests. What it does wrong at the
// start goes by its file name: a copy named byoos-source-hang-start hangs. What
// it does in a call goes by its configuration.
package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
	"github.com/kubectl-byoos/kubectl-byoos/test/stubs/catalog"
)

type source struct {
	name string
	*shared
}

// shared is what all calls of a process have.
type shared struct {
	first atomic.Value // what no source should have: the text of another's call
	met   atomic.Int64
	all   chan struct{}
}

type config struct {
	Mode   string   `json:"mode,omitempty" jsonschema:"description=What to do,default=images"`
	Images int      `json:"images,omitempty" jsonschema:"description=How many images to send,default=1"`
	Wait   string   `json:"wait,omitempty" jsonschema:"description=How long to wait first,default=0s"`
	Text   string   `json:"text,omitempty" jsonschema:"description=What to say"`
	List   []string `json:"list,omitempty" jsonschema:"description=Unused"`
}

func main() {
	name := strings.TrimSuffix(strings.TrimPrefix(filepath.Base(os.Args[0]), sdk.FilePrefix), ".exe")
	if len(os.Args) > 1 && os.Args[1] == "describe" {
		misdescribe(name)
	} else if os.Getenv(sdk.Handshake().MagicCookieKey) != "" {
		misstart(name)
	}
	sdk.Main(newSources(name))
}

func newSources(name string) func() sdk.Source[config] {
	all := &shared{all: make(chan struct{})}
	return func() sdk.Source[config] { return source{name, all} }
}

// misdescribe does what a broken plugin does when it is asked what it is.
func misdescribe(name string) {
	switch name {
	case "describe-fails":
		fmt.Fprintln(os.Stderr, "cannot load the region list")
		os.Exit(7)
	case "describe-hangs":
		fmt.Fprintln(os.Stderr, "waiting for the moon")
		time.Sleep(time.Hour)
	case "describe-garbage":
		fmt.Println("welcome to \x1b[31mplugin\x1b[0m 1.0!")
		os.Exit(0)
	case "describe-other":
		sdk.Main(newSources("other"))
	}
}

// misstart does what a broken plugin does when the host starts it.
func misstart(name string) {
	switch name {
	case "prints-first":
		fmt.Fprintln(os.Stderr, "this line goes to stderr")
		fmt.Println("loading plugins ...")
		time.Sleep(time.Hour) // or the handshake would be told as well, now and then
	case "hang-start":
		fmt.Fprintln(os.Stderr, "connecting to the licence server")
		time.Sleep(time.Hour)
	case "crash-start":
		for i := range 30 {
			fmt.Fprintf(os.Stderr, "line %d\n", i+1)
		}
		os.Exit(3)
	case "wrong-version":
		hello("99", "grpc", certificate(), serveNothing)
	case "not-grpc":
		hello("1", "netrpc", certificate(), serveNothing)
	case "no-tls":
		hello("1", "grpc", "", serveNothing)
	case "garbage-handshake":
		_, _ = os.Stdout.Write([]byte{0x7f, 'E', 'L', 'F', 0, 1, 2, 0x1b, '[', '2', 'J', '\n'})
		time.Sleep(time.Hour)
	case "garbage":
		hello("1", "grpc", certificate(), func(c net.Conn) { _, _ = io.WriteString(c, "HTTP/1.0 200 OK\r\n\r\nhello"); _ = c.Close() })
	case "mute":
		hello("1", "grpc", certificate(), serveNothing)
	case "odd-log":
		// go-plugin's own reader of log lines panics on such fields.
		fmt.Fprintln(os.Stderr, `{"@message":5,"@level":{},"@timestamp":[]}`)
	}
}

func serveNothing(net.Conn) {}

// hello prints a handshake and serves connections until the host ends it.
func hello(version, protocol, certificate string, serve func(net.Conn)) {
	path := filepath.Join(os.Getenv("PLUGIN_UNIX_SOCKET_DIR"), "plugin1")
	listener, err := net.Listen("unix", path)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Printf("1|%s|unix|%s|%s|%s\n", version, path, protocol, certificate)
	for {
		conn, err := listener.Accept()
		if err != nil {
			os.Exit(1)
		}
		go serve(conn)
	}
}

func certificate() string {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), DNSNames: []string{"localhost"}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		panic(err)
	}
	return base64.RawStdEncoding.EncodeToString(der)
}

// Describe implements sdk.Source.
func (s source) Describe() sdk.Info {
	return sdk.Info{
		Name: s.name, Version: "1.2.3", Summary: "A source for tests.", Providers: []string{"aws"},
		Environment: []string{"STUB_DECLARED", "STUB_WILD_*", "STUB_SECRET"},
	}
}

// Discover implements sdk.Source.
func (s source) Discover(ctx context.Context, req sdk.DiscoverRequest[config], out *sdk.Stream) error {
	wait, err := time.ParseDuration(req.Config.Wait)
	if err != nil {
		return &sdk.Diagnostic{Summary: "wait is no duration", Detail: err.Error(), ConfigPath: "wait"}
	}
	if wait > 0 {
		if err := out.Progress(0, 1, "waiting"); err != nil {
			return err
		}
	}
	select {
	case <-time.After(wait):
	case <-ctx.Done():
		return ctx.Err()
	}
	switch req.Config.Mode {
	case "images":
		return out.Images(catalog.Images(req.Config.Images)...)
	case "environment":
		return environment(out)
	case "request":
		return out.Images(sdk.Image{ID: req.Source, Provider: "aws", NewestBy: sdk.NewestByVersion, Tags: map[string]string{
			"baseDir": req.BaseDir, "now": req.Now.Format(time.RFC3339), "hints": fmt.Sprint(req.Hints), "regions": fmt.Sprint(req.Regions),
			"ids":      fmt.Sprint(req.IDs, req.HostReads),
			"settings": fmt.Sprint(req.UserSettings), "stdin": stdin(), "dir": workingDir(),
		}})
	case "edge":
		return edge(out)
	case "milliseconds":
		late := sdk.Image{ID: "ami-2", Provider: "aws", State: sdk.Available, DeprecatedAt: time.Unix(1_790_000_000_000, 0)}
		return out.Images(append(catalog.Images(1), late)...)
	case "shared":
		s.first.CompareAndSwap(nil, req.Config.Text)
		return out.Images(sdk.Image{ID: fmt.Sprint(s.first.Load()), Provider: "aws", State: sdk.Available})
	case "once":
		if s.met.Add(1) > 1 {
			return errors.New("busy")
		}
		return out.Images(catalog.Images(1)...)
	case "meet":
		return s.meet(ctx, req, out)
	case "progress":
		for i := range 3 {
			if err := out.Progress(int64(i+1), 3, "reading region "+strconv.Itoa(i+1)); err != nil {
				return err
			}
		}
		return nil
	case "one-region-fails":
		return oneRegionFails(out)
	case "error":
		return errors.New("access denied\nthe role may not list images")
	case "diagnostic":
		return &sdk.Diagnostic{
			Summary: "no such file", Detail: "manifest.json is not there", ConfigPath: "text", NextStep: "run packer build first",
		}
	}
	return misbehave(ctx, req, out)
}

// meet answers when there are as many calls as images are asked for.
func (s *shared) meet(ctx context.Context, req sdk.DiscoverRequest[config], out *sdk.Stream) error {
	if s.met.Add(1) == int64(req.Config.Images) {
		close(s.all)
	}
	select {
	case <-s.all:
		return out.Images(catalog.Images(1)...)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Verify implements sdk.Verifier: ids tell what to answer.
func (source) Verify(_ context.Context, req sdk.VerifyRequest[config], out *sdk.Results) error {
	for _, ref := range req.Refs {
		r := sdk.Result{Ref: ref, Presence: sdk.NotFound, Reason: "deregistered"}
		switch {
		case strings.HasPrefix(ref.ID, "ami-"):
			r = sdk.Result{Ref: ref, Presence: sdk.Found, Image: &sdk.Image{ID: ref.ID, Provider: "aws", State: sdk.Available}}
		case ref.ID == "skip":
			continue
		case ref.ID == "twice":
			if err := out.Results(sdk.Result{Ref: ref, Presence: sdk.NotFound, Evidence: sdk.Asked}); err != nil {
				return err
			}
			r = sdk.Result{Ref: ref, Presence: sdk.Found, Image: &sdk.Image{ID: ref.ID, Provider: "aws", State: sdk.Available}}
		}
		if err := out.Results(r); err != nil {
			return err
		}
	}
	return out.Report(sdk.Diagnostic{Severity: sdk.Notice, Summary: "verified"})
}

func environment(out *sdk.Stream) error {
	for _, kv := range os.Environ() {
		name, value, _ := strings.Cut(kv, "=")
		if err := out.Images(sdk.Image{ID: name, Provider: "aws", Tags: map[string]string{"value": value}}); err != nil {
			return err
		}
	}
	return nil
}

// edge sends what is hard to carry.
func edge(out *sdk.Stream) error {
	return out.Images(
		sdk.Image{ID: "text", Name: "not \xff utf-8", Provider: "aws", Tags: map[string]string{"k\xfe": "v\xfd"}},
		sdk.Image{ID: "huge", Provider: "aws", Tags: map[string]string{"text": strings.Repeat("x", 6<<20)}},
		sdk.Image{Name: "a volume", State: sdk.Unusable, StateReason: "a volume is no image"},
		sdk.Image{ID: "no-os", Provider: "Custom-Cloud", State: sdk.StateUnknown},
	)
}

func oneRegionFails(out *sdk.Stream) error {
	if err := out.Images(catalog.Images(2)...); err != nil {
		return err
	}
	for _, region := range []string{"eu-west-1", "eu-west-2"} {
		err := out.Report(sdk.Diagnostic{
			Severity: sdk.Error, Summary: "access denied", Scope: region, NextStep: "allow ec2:DescribeImages",
		})
		if err != nil {
			return err
		}
	}
	return out.Report(sdk.Diagnostic{Severity: sdk.Warning, Summary: "slow", Detail: "throttled twice"})
}

func stdin() string {
	b, err := io.ReadAll(os.Stdin)
	return fmt.Sprintf("%q %v", b, err)
}

func workingDir() string {
	dir, err := os.Getwd()
	return fmt.Sprint(dir, err)
}
