package main_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/source"
	"github.com/kubectl-byoos/kubectl-byoos/test/fakeazure"
)

// faulty is a fault of Azure, and what comes of it.
type faulty struct {
	name   string
	fault  fakeazure.Fault
	denied string
	images int
	failed []string // parts of the error; none when the answer is complete
}

func (tt faulty) check(t *testing.T, generated *fakeazure.Estate) {
	t.Helper()
	all := config{"gallery": "*", "resourceGroup": "RG", "subscription": "S"}
	var r source.Result
	// What hangs takes as long as the timeout, and a busy machine may need longer for
	// all the rest.
	for _, timeout := range []string{"5s", "25s", "2m"} {
		if tt.fault.Hang {
			all["timeout"] = timeout
		}
		o := fakeazure.Options{Estate: generated, PageSize: 2, Faults: []fakeazure.Fault{tt.fault}}
		if tt.denied != "" {
			o.Denied = []string{tt.denied}
		}
		w := start(t, o, nil)
		r = w.discover(t.Context(), all)
		if n := w.Stats().Impatient; n > 0 {
			t.Errorf("%d requests came before the time that Retry-After said", n)
		}
		if !tt.fault.Hang || len(r.Images) == tt.images {
			break
		}
	}
	if len(r.Images) != tt.images {
		t.Errorf("%d images, want %d", len(r.Images), tt.images)
	}
	if (r.Err != nil) != (tt.failed != nil) {
		t.Errorf("failed: %v", r.Err)
	}
	wants(t, said(r), tt.failed...)
}

func TestFaults(t *testing.T) {
	generated := fakeazure.Generate("S", "RG", 3, 4, 5) // 3*4*5 versions in 2 regions
	tests := []faulty{
		{"throttled once, with Retry-After", fakeazure.Fault{Match: "/versions", Status: 429, Code: "TooManyRequests", RetryAfter: "2", Times: 4}, "", 120, nil},
		{"throttled every third call", fakeazure.Fault{Every: 3, Status: 429, Code: "TooManyRequests", RetryAfter: "1"}, "", 120, nil},
		{
			"throttled for longer than anybody waits",
			fakeazure.Fault{Match: "gallery001/images", Status: 429, Code: "TooManyRequests", RetryAfter: "3600"}, "", 80,
			[]string{"gallery gallery001: Azure throttles, and asks to wait for 1h0m0s", "try again in 1h0m0s"},
		},
		{"one error in the middle of a list", fakeazure.Fault{Match: "/versions", Page: 2, Status: 500, Code: "InternalError", Times: 1}, "", 120, nil},
		{
			"a gallery that hangs", fakeazure.Fault{Match: "gallery001/images", Hang: true}, "", 80,
			[]string{"gallery gallery001: Azure does not answer: no answer within 5s"},
		},
		{"a definition deleted between list and read", fakeazure.Fault{Match: "gallery001/images/capi-ubuntu-2404-002/versions", Status: 404, Code: "ResourceNotFound"}, "", 110, nil},
		{
			"versions denied", fakeazure.Fault{Match: "none"}, "Microsoft.Compute/galleries/images/versions/read", 0,
			[]string{
				"your account lacks the permission Microsoft.Compute/galleries/images/versions/read", "3 more failed alike",
				`assign the role "Compute Gallery Image Reader"`, "at the scope /subscriptions/S/resourceGroups/RG",
			},
		},
		{
			"galleries denied", fakeazure.Fault{Match: "none"}, "Microsoft.Compute/galleries/read", 0,
			[]string{"lacks the permission Microsoft.Compute/galleries/read", `assign the role "Reader"`},
		},
		{
			"a next page on another host", fakeazure.Fault{Match: "gallery002/images/capi-ubuntu-2404-001/versions", Page: 1, NextLink: "https://evil.example/x"}, "", 114,
			[]string{"points to the host evil.example"},
		},
		{
			"a page that cannot be", fakeazure.Fault{Match: "gallery002/images/capi-ubuntu-2404-001/versions", Page: 2, Status: 400, Code: "InvalidSkipToken"}, "", 114,
			[]string{"reading it failed with HTTP status 400", "InvalidSkipToken"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.check(t, generated)
		})
	}
}

// An answer without content is none: what it hides may be the newest image.
func TestEmptyAnswers(t *testing.T) {
	for _, body := range []string{"", " \n", "null"} {
		for _, call := range []string{
			"GalleriesClient.NewListByResourceGroupPager", "GalleryImagesClient.NewListByGalleryPager",
			"GalleryImageVersionsClient.NewListByGalleryImagePager", "GalleryImageVersionsClient.Get",
		} {
			t.Run(fmt.Sprintf("%q of %s", body, call), func(t *testing.T) {
				w := start(t, fakeazure.Options{Estate: fakeazure.Generate("S", "RG", 1, 2, 2)}, nil)
				w.Vary(map[string]*fakeazure.Varied{"s": {Call: call, Apply: func([]byte) ([]byte, error) { return []byte(body), nil }}})
				r := w.discover(t.Context(), config{"gallery": "gallery*", "resourceGroup": "RG", "subscription": "S"})
				if r.Err == nil {
					t.Errorf("no error, but %v", lines(r.Images))
				}
				wants(t, said(r), "the answer of Azure is empty")
			})
		}
	}
}

// A list of Microsoft.Compute has its items, be they none; that of run outputs need not.
func TestAnswerIsNoList(t *testing.T) {
	const template = "VirtualMachineImageTemplatesClient.NewListRunOutputsPager"
	for call, c := range map[string]config{
		"GalleriesClient.NewListByResourceGroupPager":           {"gallery": "pr*", "resourceGroup": "images"},
		"GalleryImagesClient.NewListByGalleryPager":             {"gallery": "prod", "resourceGroup": "images"},
		"GalleryImageVersionsClient.NewListByGalleryImagePager": {"gallery": "prod", "resourceGroup": "images"},
		"ImagesClient.NewListByResourceGroupPager":              {"resourceGroup": "images"},
		template: {"template": "golden", "resourceGroup": "images"},
	} {
		for body, fails := range map[string]bool{`{}`: true, `{"value":null}`: true, `{"message":"sign in"}`: true, `{"value":[]}`: false} {
			t.Run(call+" "+body, func(t *testing.T) {
				w := start(t, fakeazure.Options{}, nil)
				w.Vary(map[string]*fakeazure.Varied{"varied": {Call: call, Apply: func([]byte) ([]byte, error) { return []byte(body), nil }}})
				c["subscription"] = "varied"
				r := w.discover(t.Context(), c)
				if fails && call != template {
					wants(t, said(r), "the answer of Azure is no list")
				} else if strings.Contains(said(r), "no list") {
					t.Errorf("said %s", said(r))
				}
			})
		}
	}
}

// A subscription that is not registered for a provider says nothing of what there
// is, and the message has the command that registers it.
func TestNotRegistered(t *testing.T) {
	for code, status := range map[string]int{"MissingSubscriptionRegistration": 409, "SubscriptionNotRegistered": 404} {
		for _, tt := range []struct {
			match     string
			config    config
			namespace string
		}{
			{"/galleries", config{"gallery": "prod", "resourceGroup": "images"}, "Microsoft.Compute"},
			{"/imageTemplates", config{"template": "golden", "resourceGroup": "images"}, "Microsoft.VirtualMachineImages"},
		} {
			t.Run(code+tt.match, func(t *testing.T) {
				w := start(t, fakeazure.Options{Faults: []fakeazure.Fault{{Match: tt.match, Status: status, Code: code}}}, nil)
				r := w.discover(t.Context(), tt.config)
				if r.Err == nil {
					t.Error("no error")
				}
				wants(t, said(r), "the subscription is not registered for "+tt.namespace,
					"az provider register --namespace "+tt.namespace+" --subscription "+subscription)
			})
		}
		w := start(t, fakeazure.Options{Faults: []fakeazure.Fault{{Match: "/galleries", Status: status, Code: code}}}, nil)
		got, _, err := w.host.Verify(t.Context(), source.VerifyRequest{
			Source: "azure", Plugin: w.plugin(), Config: config{"gallery": "prod", "resourceGroup": "images"}, BaseDir: "/",
			Refs: []image.Ref{{ID: prod + "golden-rhel-8/versions/1.2.3", Provider: "azure", Region: "eastus"}},
		})
		if err == nil || len(got) > 0 && got[0].Presence != source.Unknown {
			t.Errorf("%s: verify says %+v, %v", code, got, err)
		}
	}
}

// A cancelled call ends, also while Azure hangs.
func TestCancel(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	w := start(t, fakeazure.Options{Faults: []fakeazure.Fault{{Hang: true, Hangs: cancel}}}, nil)
	r := w.discover(ctx, config{"gallery": "prod", "resourceGroup": "images", "timeout": "1h"})
	if failure.Code(r.Err) != failure.ExitInterrupted {
		t.Errorf("got %v", r.Err)
	}
}

// Requests grow with what there is, two for each definition: its versions, and the
// replication status of the newest. They are bounded at any time.
func TestRequestsAreLinear(t *testing.T) {
	count := func(definitions int) int {
		w := start(t, fakeazure.Options{Estate: fakeazure.Generate("S", "RG", 2, definitions, 10)}, nil)
		r := w.good(t, config{"gallery": "*", "resourceGroup": "RG", "subscription": "S"})
		if want := 2 * definitions * 10 * 2; len(r.Images) != want {
			t.Fatalf("%d images, want %d", len(r.Images), want)
		}
		stats := w.Stats()
		if stats.MostBusy > 8 || stats.Tokens != 1 {
			t.Errorf("%d requests at once, %d tokens", stats.MostBusy, stats.Tokens)
		}
		return stats.Requests
	}
	if got := count(10); got != 1+2+2*2*10 {
		t.Errorf("%d requests", got)
	}
	if got := count(40); got != 1+2+2*2*40 {
		t.Errorf("%d requests", got)
	}
}
