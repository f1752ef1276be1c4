package azureapi

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/compute/armcompute/v7"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-azure/internal/endpoint"
)

// A date that cannot be read costs itself, and is told; tags with a field's name are
// none.
func TestOddDates(t *testing.T) {
	const version = `{"value":[{"name":"1.0.0","tags":{"createdAt":"a while ago","build":"7"},"properties":{"publishingProfile":{"replicaCount":3,"publishedDate":DATE}}},{"name":"1.0.1"}]}`
	day := time.Date(2026, 2, 3, 4, 5, 6, 0, time.UTC)
	for date, want := range map[string]struct {
		at   time.Time
		told string
	}{
		`"2026-02-03T04:05:06Z"`:        {day, ""},
		`"2026-02-03T04:05:06"`:         {day, ""},
		`"2026-02-03 04:05:06Z"`:        {day, ""},
		`"2026-02-03T05:05:06.0+01:00"`: {day, ""},
		`null`:                          {},
		`""`:                            {told: `publishedDate of "1.0.0" is ""`},
		`"yesterday"`:                   {told: `publishedDate of "1.0.0" is "yesterday"`},
		`"2026-02-30T04:05:06Z"`:        {told: `is "2026-02-30T04:05:06Z"`},
		`"a \" b"`:                      {told: `is "a \" b"`},
		`1770091506`:                    {told: `is 1770091506`},
		`{"a":[1]}`:                     {told: `is {"a":[1]}`},
	} {
		t.Run(date, func(t *testing.T) {
			var told []string
			api := New(Options{
				Cloud:      endpoint.Cloud{Configuration: cloud.AzurePublic, Host: "management.azure.com"},
				Credential: fixedToken{}, Timeout: 30 * time.Second, Tell: func(s string) { told = append(told, s) },
				Transport: transport(func(r *http.Request) (*http.Response, error) {
					return answer(r, 200, nil, strings.ReplaceAll(version, "DATE", date)), nil
				}),
			})
			for range 2 { // what is told is told once
				var versions []*armcompute.GalleryImageVersion
				err := api.Versions(context.Background(), "S", "RG", "G", "D", func(v *armcompute.GalleryImageVersion) error {
					versions = append(versions, v)
					return nil
				})
				if err != nil || len(versions) != 2 {
					t.Fatalf("%v, %v", versions, err)
				}
				one := versions[0]
				at := one.Properties.PublishingProfile.PublishedDate
				if (at == nil) != want.at.IsZero() || at != nil && !at.Equal(want.at) {
					t.Errorf("got %v", at)
				}
				if *one.Tags["createdAt"] != "a while ago" || *one.Tags["build"] != "7" || *one.Properties.PublishingProfile.ReplicaCount != 3 {
					t.Errorf("got %+v", one)
				}
			}
			if want.told == "" && told != nil || want.told != "" && (len(told) != 1 || !slices.ContainsFunc(told, func(s string) bool { return strings.Contains(s, want.told) })) {
				t.Errorf("told %q", told)
			}
		})
	}
}

// What begins like a date and ends nowhere is the SDK's to refuse.
func TestBrokenOff(t *testing.T) {
	for _, body := range []string{`{"publishedDate"`, `{"publishedDate":`, `{"publishedDate":"`, `{"publishedDate":"2026`, `{"publishedDate":12`, `{"publishedDate" : "x"`} {
		if _, odd := withoutOddDates([]byte(body)); odd != nil {
			t.Errorf("%s: %v", body, odd)
		}
	}
}

// What cannot be read for another reason is no fault of the network.
func TestOddAnswer(t *testing.T) {
	_, err := list(context.Background(), func(r *http.Request) (*http.Response, error) {
		return answer(r, 200, nil, `{"value":[{"name":7}]}`), nil
	})
	d := Problem{Subject: "it", Err: err}.Diagnostic()
	if !strings.Contains(d.Summary, "not as Azure's are") || !strings.Contains(d.NextStep, "a proxy in between") {
		t.Errorf("got %s next: %s", d.Error(), d.NextStep)
	}
}
