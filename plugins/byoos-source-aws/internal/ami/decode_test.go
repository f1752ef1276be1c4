package ami

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-aws/internal/describexml"
	"github.com/kubectl-byoos/kubectl-byoos/test/fakeaws"
)

// answer is what a client of the SDK gets for a body, decoded by the SDK or by us.
func answer(t testing.TB, body []byte, options ...func(*ec2.Options)) (*ec2.DescribeImagesOutput, error) {
	t.Helper()
	client := ec2.New(ec2.Options{
		Region: "us-east-1", Retryer: aws.NopRetryer{},
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "a", SecretAccessKey: "b"}, nil
		}),
		HTTPClient: doer(func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(body))}, nil
		}),
	})
	return client.DescribeImages(context.Background(), &ec2.DescribeImagesInput{}, options...)
}

type doer func(*http.Request) (*http.Response, error)

func (d doer) Do(r *http.Request) (*http.Response, error) { return d(r) }

// same compares the fields that are read.
func same(t testing.TB, want, got *ec2.DescribeImagesOutput) string {
	t.Helper()
	ignored := cmpopts.IgnoreFields(types.Image{}, "ImageLocation", "ImageType", "UsageOperation", "Description", "RootDeviceName",
		"BlockDeviceMappings", "Hypervisor", "EnaSupport", "SriovNetSupport", "KernelId", "RamdiskId", "ProductCodes", "LastLaunchedTime",
		"DeregistrationProtection", "SourceInstanceId", "FreeTierEligible")
	return cmp.Diff(want, got, ignored, cmpopts.EquateEmpty(), cmpopts.IgnoreFields(ec2.DescribeImagesOutput{}, "ResultMetadata"),
		cmpopts.IgnoreUnexported(ec2.DescribeImagesOutput{}, types.Image{}, types.Tag{}, types.StateReason{}))
}

// body returns what the fake sends for a world.
func body(t testing.TB, w fakeaws.World, query string) []byte {
	t.Helper()
	fake, err := fakeaws.New(w, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader("Action=DescribeImages"+query))
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=A/20260101/us-east-1/ec2/aws4_request, SignedHeaders=host, Signature=0")
	r.Header.Set("X-Amz-Date", time.Now().UTC().Format("20060102T150405Z"))
	rec := httptest.NewRecorder()
	fake.ServeHTTP(rec, r)
	if rec.Code != http.StatusOK {
		t.Fatalf("%s", rec.Body)
	}
	return rec.Body.Bytes()
}

func richWorld() fakeaws.World {
	return fakeaws.World{AllowedAMIs: "audit-mode", Generate: []fakeaws.Generate{{Region: "us-east-1", Count: 20}}, AMIs: []fakeaws.AMI{
		{
			Region: "us-east-1", ID: "ami-1", Name: `<a> & "b" 'c' ü`, CreationDate: "2026-01-01T00:00:00.000Z", State: "disabled", StateReason: "because & so",
			DeprecationTime: "2026-02-01T00:00:00.000Z", Platform: "windows", PlatformDetails: "Windows", BootMode: "uefi",
			Tags: map[string]string{"empty": "", "new\nline": "tab\tand\r\nreturn", "amp": "&amp;"},
		},
		{Region: "us-east-1", ID: "ami-2", Name: "x", CreationDate: "2026-01-01T00:00:00.000Z", Owner: "999999999999", OwnerAlias: "amazon", Public: true},
	}}
}

func TestDecodesAsTheSDKDoes(t *testing.T) {
	bodies := map[string][]byte{
		"rich":  body(t, richWorld(), ""),
		"paged": body(t, richWorld(), "&MaxResults=5"),
		"empty": body(t, fakeaws.World{}, ""),
		"self-closing, comments and white space": []byte(`<?xml version="1.0"?><!-- c --><DescribeImagesResponse xmlns="x">
			<requestId>1</requestId> <imagesSet> <item> <imageId>ami-1</imageId> <name/> <tagSet/> <unknown><a><b/></a></unknown><!-- c -->
			<tpmSupport>v2.0</tpmSupport><imdsSupport>v2.0</imdsSupport><sourceImageId>ami-0</sourceImageId><sourceImageRegion>eu-west-1</sourceImageRegion>
			</item> </imagesSet> <nextToken>t&amp;k</nextToken></DescribeImagesResponse>`),
	}
	for name, b := range bodies {
		t.Run(name, func(t *testing.T) {
			want, err := answer(t, b)
			if err != nil {
				t.Fatal(err)
			}
			got, err := answer(t, b, fastDecoding)
			if err != nil {
				t.Fatal(err)
			}
			if diff := same(t, want, got); diff != "" {
				t.Errorf("-sdk +ours:\n%s", diff)
			}
		})
	}
}

// TestBrokenOffAnywhere: an answer that is cut off is never taken for a whole one.
func TestBrokenOffAnywhere(t *testing.T) {
	whole := body(t, richWorld(), "&MaxResults=5")
	for n := range len(whole) {
		if _, err := describexml.Decode(bytes.NewReader(whole[:n])); err == nil {
			t.Fatalf("cut off after %d of %d bytes, and taken for whole", n, len(whole))
		}
	}
}
