package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// awsRun is one run of the program's main path against one way to answer.
type awsRun struct {
	t      *testing.T
	dir    string
	server *httptest.Server
	home   string
	// spoke says that a command wrote a message.
	spoke  bool
	faults []string
}

func (r *awsRun) errorf(format string, args ...any) {
	r.faults = append(r.faults, fmt.Sprintf(format, args...))
}

func (r *awsRun) byoos(pack string, args ...string) (stdout, stderr string, code int) {
	r.t.Helper()
	bin := os.Getenv("BYOOS_E2E_BIN")
	cmd := exec.CommandContext(r.t.Context(), filepath.Join(bin, "kubectl-byoos"), append(args, "-f", filepath.Join(r.dir, pack+".yaml"))...)
	cmd.Env = []string{
		"HOME=" + r.home, "PATH=" + os.Getenv("PATH"), "TMPDIR=" + os.TempDir(), "AWS_REGION=us-east-1", "AWS_EC2_METADATA_DISABLED=true",
		"AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY=dummy-secret-access-key", "AWS_MAX_ATTEMPTS=2",
	}
	for _, service := range []string{"EC2", "IMAGEBUILDER", "SSM", "STS"} {
		cmd.Env = append(cmd.Env, "AWS_ENDPOINT_URL_"+service+"="+r.server.URL)
	}
	var out, errOut bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errOut
	err := cmd.Run()
	if err != nil && cmd.ProcessState == nil {
		r.t.Fatal(err)
	}
	r.spoke = r.spoke || errOut.Len() > 0
	return out.String(), errOut.String(), cmd.ProcessState.ExitCode()
}

// awsImage is what the test looks at in images -o json.
type awsImage struct {
	ID, Source, State, StateReason, Withheld string
}

// refused says that the image is no candidate.
func (i awsImage) refused() bool { return i.State != "available" && i.State != "" || i.Withheld != "" }

func (r *awsRun) images() (map[string]awsImage, string, int) {
	r.t.Helper()
	out, errOut, code := r.byoos("all", "images", "--all", "-o", "json")
	var list struct{ Items []awsImage }
	if code == 0 {
		if err := json.Unmarshal([]byte(out), &list); err != nil {
			r.t.Fatalf("%v: %s", err, out)
		}
	}
	images := map[string]awsImage{}
	for _, img := range list.Items {
		images[img.Source+" "+img.ID] = img
	}
	return images, errOut, code
}

var overrideForm = regexp.MustCompile(`osImageOverride: "?([^"\n]*)`)

// refusal is a variation in which the service itself does not say that an AMI is
// available any more, so it need not be.
var refusal = regexp.MustCompile(`^(` + strings.Join([]string{
	`unknown value of imagesSet\[\]\.(imageState|architecture)`, // a state or a machine that nobody knows yet
	`without imagesSet(\[\]\.imageId)?`,                         // EC2 shows nothing, or nothing by that id
	`without imageSummaryList`,                                  // there is no build
	`unknown value of .*\.state\.status`,
}, "|") + `)$`)

// nothing is a variation in which the service says that there is none: a list that
// is absent is an empty one.
var nothing = regexp.MustCompile(`^without (imagesSet|imageSummaryList)$`)

// judge runs images, render and verify and returns how the right answer or the
// word on its lack came about.
func (r *awsRun) judge(operation, variation string, before map[string]awsImage, packs []string) string {
	r.t.Helper()
	images, errOut, code := r.images()
	r.told("images", errOut, code)
	if code == 0 {
		r.judgeImages(variation, before, images, errOut)
	}
	verdict := "right"
	for _, pack := range packs {
		out, errOut, code := r.byoos(pack, "render")
		r.told("render", errOut, code)
		if code != 0 {
			verdict = "told"
			continue
		}
		picked := overrideForm.FindStringSubmatch(out)
		switch {
		case picked == nil, !slices.Contains(allowed(variation), picked[1]):
			r.errorf("%s: wrong pick: %s%s", pack, out, errOut)
		case picked[1] != awsWanted && strings.TrimSpace(errOut) == "": // the plain run writes no message
			r.errorf("%s: another image is picked without a word: %s", pack, out)
		case picked[1] != awsWanted:
			verdict = "told"
		}
	}
	if service, _, _ := strings.Cut(operation, ":"); service != "ec2" && operation != "imagebuilder:GetImage" && service != "" {
		return verdict // verify does not ask it
	}
	out, errOut, code := r.byoos("all", "verify")
	r.told("verify", errOut+out, code)
	if code != 0 {
		verdict = "told"
	}
	if code == 1 && strings.Contains(out, " stale ") && !refusal.MatchString(variation) {
		r.errorf("verify calls an available image stale: %s%s", out, errOut)
	}
	return verdict
}

// allowed are the picks that a variation may lead to: the wanted one, an older one where
// something is told, or one of which EC2 no longer says that it is disabled.
func allowed(variation string) []string {
	ids := []string{awsWanted, awsOld, awsOlder}
	if variation == "without imagesSet[].imageState" {
		ids = append(ids, awsDisabled)
	}
	return ids
}

func (r *awsRun) judgeImages(variation string, before, after map[string]awsImage, errOut string) {
	for key, was := range before {
		is, there := after[key]
		switch {
		case !there && errOut == "" && !nothing.MatchString(variation):
			r.errorf("images: %s is lost without a word", key)
		case !there:
		case !was.refused() && is.refused() && !refusal.MatchString(variation):
			r.errorf("images: %s is %s: %s%s", key, is.State, is.StateReason, is.Withheld)
		case !was.refused() && is.refused() && is.StateReason+is.Withheld == "":
			r.errorf("images: %s is %s without a reason", key, is.State)
		case was.ID == awsStranger && is.Withheld == "":
			r.errorf("images: the stranger's AMI is offered: %q", is.State)
		}
	}
}

// told fails when a command that did not succeed says nothing, or too much.
func (r *awsRun) told(command, said string, code int) {
	r.t.Helper()
	if code != 0 && strings.TrimSpace(said) == "" {
		r.errorf("%s ends with %d without a word", command, code)
	}
	if strings.Contains(said, "panic") || strings.Contains(said, "goroutine ") {
		r.errorf("%s: %s", command, said)
	}
}

func awsPacks() []string { return []string{"search", "pipeline", "image", "build", "parameter"} }

// packsOf are the packs whose sources use an action.
func packsOf(operation string) []string {
	switch operation {
	case "ec2:DescribeImages":
		return []string{"search", "pipeline", "parameter"}
	case "ec2:DescribeRegions":
		return []string{"search"}
	case "imagebuilder:GetImage":
		return []string{"build"}
	case "imagebuilder:ListImagePipelines", "imagebuilder:ListImagePipelineImages":
		return []string{"pipeline"}
	case "imagebuilder:ListImages", "imagebuilder:ListImageBuildVersions":
		return []string{"image"}
	case "sts:GetCallerIdentity":
		return []string{"search", "pipeline"}
	}
	return []string{"parameter"}
}
