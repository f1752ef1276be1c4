package fakeaws_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/test/binaries"
	"github.com/kubectl-byoos/kubectl-byoos/test/fakeaws"
)

// cli runs the AWS CLI, a client that this project did not write, against the
// fake at url.
type cli struct {
	t    *testing.T
	path string
	env  []string
}

func newCLI(t *testing.T, url string) cli {
	t.Helper()
	path := binaries.Need(t, "aws")
	home := t.TempDir()
	return cli{t, path, []string{
		"HOME=" + home, "PATH=" + os.Getenv("PATH"), "AWS_PAGER=", "AWS_EC2_METADATA_DISABLED=true",
		"AWS_CONFIG_FILE=" + filepath.Join(home, "none"), "AWS_ACCESS_KEY_ID=AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY=secret",
		"AWS_MAX_ATTEMPTS=1", "ENDPOINT=" + url,
	}}
}

func (c cli) run(region string, args ...string) (stdout, stderr string, err error) {
	c.t.Helper()
	endpoint := c.env[len(c.env)-1][len("ENDPOINT="):]
	args = append([]string{"--endpoint-url", endpoint, "--region", region, "--output", "json"}, args...)
	cmd := exec.Command(c.path, args...)
	cmd.Env = c.env
	var out, errOut bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errOut
	err = cmd.Run()
	return out.String(), errOut.String(), err
}

// list runs a command that prints a JSON list of strings, sorted.
func (c cli) list(region string, args ...string) []string {
	c.t.Helper()
	out, errOut, err := c.run(region, args...)
	if err != nil {
		c.t.Fatalf("aws %s: %v\n%s", strings.Join(args, " "), err, errOut)
	}
	var ids []string
	if err := json.Unmarshal([]byte(out), &ids); err != nil {
		c.t.Fatalf("aws %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	slices.Sort(ids)
	return ids
}

func judgedWorld() fakeaws.World {
	w := fakeaws.World{
		Generate:   []fakeaws.Generate{{Region: "us-east-1", Count: 40}},
		Pipelines:  []fakeaws.Pipeline{{Region: "us-east-1", Name: "Golden"}},
		Parameters: []fakeaws.Parameter{{Region: "us-east-1", Name: "/aws/service/x/image_id", Value: "ami-00000000000000001"}},
		AMIs: []fakeaws.AMI{
			{Region: "us-east-1", ID: "ami-0aaaaaaaaaaaaaaa1", Owner: "999999999999", Public: true, Name: "golden-x", CreationDate: "2026-06-02T00:00:00.000Z", Tags: map[string]string{"secret": "x"}},
			{Region: "us-east-1", ID: "ami-0aaaaaaaaaaaaaaa2", Owner: "999999999999", Name: "private", CreationDate: "2026-06-02T00:00:00.000Z"},
		},
	}
	for n := 1; n <= 30; n++ {
		w.Builds = append(w.Builds, fakeaws.Build{
			Region: "us-east-1", Pipeline: "Golden", Name: "golden", Version: "1.0.0", Build: n, DateCreated: "2026-06-01T00:00:00.000Z",
			Outputs: []fakeaws.Output{{Region: "us-east-1", AMI: fmt.Sprintf("ami-%017x", n)}},
		})
	}
	return w
}

func TestAWSCLIReadsTheFake(t *testing.T) {
	_, url := fakeaws.Start(t, judgedWorld())
	aws := newCLI(t, url)
	all := make([]string, 40)
	for i := range all {
		all[i] = fmt.Sprintf("ami-%017x", i+1)
	}
	tests := []struct {
		name string
		args []string
		want []string
	}{
		{"in one go", []string{"ec2", "describe-images", "--owners", "self", "--query", "Images[].ImageId"}, all},
		{"in pages", []string{"ec2", "describe-images", "--owners", "self", "--page-size", "7", "--query", "Images[].ImageId"}, all},
		{"by name and owner", []string{"ec2", "describe-images", "--filters", "Name=name,Values=golden-?", "--query", "Images[].ImageId"}, []string{"ami-0aaaaaaaaaaaaaaa1"}},
		{"by tag", []string{"ec2", "describe-images", "--filters", "Name=tag:kubernetes_version,Values=v1.30.3", "--query", "Images[?contains(Name, '1.30.3')].ImageId"},
			[]string{all[3], all[12], all[21], all[30], all[39]}},
		{"tags of another account", []string{"ec2", "describe-images", "--image-ids", "ami-0aaaaaaaaaaaaaaa1", "--query", "Images[].Tags[].Key"}, []string{}},
		{"image versions", []string{"imagebuilder", "list-images", "--query", "imageVersionList[].version"}, []string{"1.0.0"}},
		{"regions", []string{"ec2", "describe-regions", "--query", "Regions[].RegionName"}, []string{"eu-west-1", "us-east-1", "us-west-2"}},
		{"parameter", []string{"ssm", "get-parameters", "--names", "/aws/service/x/image_id", "--query", "Parameters[].Value"}, all[:1]},
		{"identity", []string{"sts", "get-caller-identity", "--query", "[Account]"}, []string{"111122223333"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			aws := aws
			aws.t = t
			if got := aws.list("us-east-1", test.args...); !slices.Equal(got, test.want) {
				t.Errorf("got %v\nwant %v", got, test.want)
			}
		})
	}
}

// TestAWSCLIPagesThroughPipeline pages by hand: only version 1 of the CLI has a
// paginator for the action, and it is told not to use it.
func TestAWSCLIPagesThroughPipeline(t *testing.T) {
	_, url := fakeaws.Start(t, judgedWorld())
	aws := newCLI(t, url)
	var got []string
	var sizes []int
	for token := ""; ; {
		args := []string{
			"imagebuilder", "list-image-pipeline-images", "--no-paginate",
			"--image-pipeline-arn", "arn:aws:imagebuilder:us-east-1:111122223333:image-pipeline/golden",
		}
		if token != "" {
			args = append(args, "--next-token", token)
		}
		out, errOut, err := aws.run("us-east-1", args...)
		if err != nil {
			t.Fatalf("%v\n%s", err, errOut)
		}
		var page struct {
			NextToken        string
			ImageSummaryList []struct {
				OutputResources struct{ Amis []struct{ Image string } }
			}
		}
		if err := json.Unmarshal([]byte(out), &page); err != nil {
			t.Fatal(err)
		}
		for _, b := range page.ImageSummaryList {
			got = append(got, b.OutputResources.Amis[0].Image)
		}
		sizes = append(sizes, len(page.ImageSummaryList))
		if token = page.NextToken; token == "" {
			break
		}
	}
	slices.Sort(got)
	if len(slices.Compact(got)) != 30 || !slices.Equal(sizes, []int{25, 5}) {
		t.Errorf("pages of %v with %d ids, want 25 and 5 with 30", sizes, len(got))
	}
}

func TestAWSCLIUnderstandsErrors(t *testing.T) {
	tests := []struct {
		name  string
		world fakeaws.World
		args  []string
		want  string
	}{
		{"missing id", judgedWorld(), []string{"ec2", "describe-images", "--image-ids", "ami-0bbbbbbbbbbbbbbbb"}, "(InvalidAMIID.NotFound)"},
		{"private id", judgedWorld(), []string{"ec2", "describe-images", "--image-ids", "ami-0aaaaaaaaaaaaaaa2"}, "(AuthFailure)"},
		{"page size", judgedWorld(), []string{"ec2", "describe-images", "--page-size", "1001"}, "(InvalidParameterValue)"},
		{"denied", fakeaws.World{Allow: []string{"ec2:DescribeRegions"}}, []string{"ec2", "describe-images"}, "(UnauthorizedOperation)"},
		{"throttled", fakeaws.World{Faults: []fakeaws.Fault{{Kind: "throttle"}}}, []string{"ec2", "describe-images"}, "(RequestLimitExceeded)"},
		{"image builder page size", judgedWorld(), []string{"imagebuilder", "list-images", "--max-results", "26"}, "maxResults"},
		{"image builder filter", judgedWorld(), []string{"imagebuilder", "list-images", "--filters", "name=Name,values=x"}, "(InvalidRequestException)"},
		{"image builder token", judgedWorld(), []string{"imagebuilder", "list-images", "--next-token", "x"}, "(InvalidPaginationTokenException)"},
		{"image builder denied", fakeaws.World{Allow: []string{"ec2:DescribeImages"}}, []string{"imagebuilder", "list-images"}, "(AccessDeniedException)"},
		{"image builder throttled", fakeaws.World{Faults: []fakeaws.Fault{{Kind: "throttle"}}}, []string{"imagebuilder", "list-images"}, "(CallRateLimitExceededException)"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, url := fakeaws.Start(t, test.world)
			_, errOut, err := newCLI(t, url).run("us-east-1", test.args...)
			if err == nil || !strings.Contains(errOut, test.want) {
				t.Errorf("err %v, want %s in:\n%s", err, test.want, errOut)
			}
		})
	}
}
