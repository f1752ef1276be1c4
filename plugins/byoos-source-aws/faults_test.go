package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
	"github.com/kubectl-byoos/kubectl-byoos/test/fakeaws"
)

const (
	searchThree = `{"ami":{},"regions":["us-east-1","us-west-2","eu-west-1"],"callTimeout":"%s"}`
	pipeline    = `{"imageBuilder":{"pipeline":"Golden RHEL"},"callTimeout":"%s"}`
)

// largeWorld needs three pages of DescribeImages in one region.
func largeWorld(faults ...fakeaws.Fault) fakeaws.World {
	return fakeaws.World{
		Generate: []fakeaws.Generate{{Region: "us-east-1", Count: 2500}, {Region: "us-west-2", Count: 10}, {Region: "eu-west-1", Count: 10}},
		Faults:   faults,
	}
}

func builderWorld(faults ...fakeaws.Fault) fakeaws.World {
	w := pipelineWorld()
	w.Faults = faults
	return w
}

// TestFaultsThatPass: the right result in spite of the fault.
func TestFaultsThatPass(t *testing.T) {
	search, builder := fmt.Sprintf(searchThree, "5m"), fmt.Sprintf(pipeline, "5m")
	tests := []struct {
		name, config string
		world        fakeaws.World
		want         map[string]int
	}{
		{"every third call throttled", search, largeWorld(fakeaws.Fault{Kind: "throttle", Every: 3}), large()},
		{"every third Image Builder call throttled", builder, builderWorld(fakeaws.Fault{Kind: "throttle", Every: 3}), thirty()},
		{"first Image Builder calls throttled", builder, builderWorld(fakeaws.Fault{Service: "imagebuilder", Kind: "throttle", Times: 2}), thirty()},
		{"page token expires", search, largeWorld(fakeaws.Fault{Kind: "expireToken", FromPage: 3, Times: 1}), large()},
		{"page token of Image Builder expires", builder, builderWorld(fakeaws.Fault{Service: "imagebuilder", Kind: "expireToken", FromPage: 2, Times: 1}), thirty()},
		{"one 500 in the middle of paging", search, largeWorld(fakeaws.Fault{Kind: "serverError", FromPage: 2, Times: 1}), large()},
		{"one 500 of Image Builder", builder, builderWorld(fakeaws.Fault{Service: "imagebuilder", Kind: "serverError", FromPage: 2, Times: 1}), thirty()},
		{"a connection that breaks", search, largeWorld(fakeaws.Fault{Kind: "closeConnection", FromPage: 2, Times: 1}), large()},
		{"an answer that breaks off", search, largeWorld(fakeaws.Fault{Kind: "truncate", FromPage: 2, Times: 1}), large()},
		{"half an answer", search, largeWorld(fakeaws.Fault{Kind: "cut", FromPage: 2, Times: 1}), large()},
		{"half an answer of Image Builder", builder, builderWorld(fakeaws.Fault{Service: "imagebuilder", Kind: "cut", FromPage: 2, Times: 1}), thirty()},
		{"no answer in an answer", search, largeWorld(fakeaws.Fault{Kind: "empty", FromPage: 2, Times: 1}), large()},
		{"no answer in an answer of Image Builder", builder, builderWorld(fakeaws.Fault{Service: "imagebuilder", Kind: "empty", FromPage: 2, Times: 1}), thirty()},
		{"nothing after the head of an answer", search, largeWorld(fakeaws.Fault{Kind: "prolog", FromPage: 2, Times: 1}), large()},
		{"nothing but a blank of Image Builder", builder, builderWorld(fakeaws.Fault{Service: "imagebuilder", Kind: "prolog", FromPage: 2, Times: 1}), thirty()},
		{"clock an hour ahead", search, skewedWorld("1h"), large()},
		{"clock a day behind", search, skewedWorld("-24h"), large()},
	}
	for i, test := range tests {
		if testing.Short() && i%4 != 0 {
			continue
		}
		t.Run(test.name, func(t *testing.T) {
			start(t, test.world)
			out := run(t, call{config: test.config})
			out.noErrors(t)
			for region, want := range test.want {
				if got := distinct(out.usable(now())[region]); got != want || len(out.usable(now())[region]) != want {
					t.Errorf("%s: %d AMIs (%d distinct), want %d", region, len(out.usable(now())[region]), got, want)
				}
			}
		})
	}
}

func large() map[string]int {
	return map[string]int{"us-east-1": 2500, "us-west-2": 10, "eu-west-1": 10}
}
func thirty() map[string]int {
	return map[string]int{"us-east-1": 30, "us-west-2": 30, "eu-west-1": 30}
}

func skewedWorld(offset string) fakeaws.World {
	w := largeWorld()
	w.ClockOffset = offset
	return w
}

func distinct(ids []string) int {
	set := map[string]bool{}
	for _, id := range ids {
		set[id] = true
	}
	return len(set)
}

// TestFaultsThatFail: a clear error, and the other regions complete.
func TestFaultsThatFail(t *testing.T) {
	west := func(kind string) fakeaws.Fault { return fakeaws.Fault{Region: "us-west-2", Kind: kind} }
	search := fmt.Sprintf(searchThree, "LIMIT")
	tests := []failing{
		{"a region hangs", search, largeWorld(west("hang")), "us-west-2", []string{"no answer", "ec2:DescribeImages", "us-west-2", "within LIMIT", "--allow-partial"}},
		{"a region throttles without end", search, largeWorld(west("throttle")), "us-west-2", []string{"AWS throttles ec2:DescribeImages in us-west-2", "RequestLimitExceeded"}},
		{"a region is down", search, largeWorld(west("serverError")), "us-west-2", []string{"ec2:DescribeImages failed in us-west-2", "InternalError"}},
		{"denied", search, largeWorld(west("deny")), "us-west-2", []string{"access denied to ec2:DescribeImages in us-west-2", `"ec2:DescribeImages"`, "docs/sources/aws.md"}},
		{"expired credentials", search, largeWorld(west("expiredCredentials")), "us-west-2", []string{"expired", "aws sso login"}},
		{"page tokens that keep expiring", search, largeWorld(fakeaws.Fault{Kind: "expireToken", FromPage: 2, Region: "us-east-1"}), "us-east-1", []string{"page tokens", "keep expiring"}},
		{"cut off answers", search, largeWorld(west("truncate")), "us-west-2", []string{"no usable answer to ec2:DescribeImages in us-west-2 within LIMIT", "the last attempt: ", "unexpected EOF"}},
		{"a web page", search, largeWorld(west("webPage")), "us-west-2", []string{"could not ask ec2 in us-west-2 (ec2:DescribeImages)", "the answer is a web page", "proxy"}},
		{"a web page in XML", search, largeWorld(west("xmlPage")), "us-west-2", []string{"could not ask ec2 in us-west-2 (ec2:DescribeImages)", "the answer is a web page", "proxy"}},
		{"a text", search, largeWorld(west("text")), "us-west-2", []string{"could not ask ec2 in us-west-2 (ec2:DescribeImages)", "the answer is not one of AWS", "proxy"}},
		{"no content", search, largeWorld(west("noContent")), "us-west-2", []string{"could not ask ec2 in us-west-2 (ec2:DescribeImages)", "the answer is not one of AWS", "proxy"}},
		{"a text for Image Builder", fmt.Sprintf(pipeline, "5m"), builderWorld(fakeaws.Fault{Service: "imagebuilder", Kind: "text"}), "us-east-1", []string{"could not ask imagebuilder in us-east-1 (imagebuilder:ListImagePipelines)", "the answer is not one of AWS"}},
		{"no content of Image Builder", fmt.Sprintf(pipeline, "5m"), builderWorld(fakeaws.Fault{Service: "imagebuilder", Action: "ListImagePipelineImages", Kind: "noContent"}), "us-east-1", []string{"could not ask imagebuilder in us-east-1 (imagebuilder:ListImagePipelineImages)", "the answer is not one of AWS"}},
		{"a web page for Image Builder", fmt.Sprintf(pipeline, "5m"), builderWorld(fakeaws.Fault{Service: "imagebuilder", Kind: "webPage"}), "us-east-1", []string{"could not ask imagebuilder in us-east-1 (imagebuilder:ListImagePipelines)", "the answer is a web page"}},
		{"Image Builder hangs", fmt.Sprintf(pipeline, "LIMIT"), builderWorld(fakeaws.Fault{Service: "imagebuilder", Kind: "hang"}), "us-east-1", []string{"imagebuilder:ListImagePipelines", "within LIMIT"}},
		{"Image Builder denied", fmt.Sprintf(pipeline, "5m"), builderWorld(fakeaws.Fault{Action: "ListImagePipelineImages", Kind: "deny"}), "us-east-1",
			[]string{"access denied to imagebuilder:ListImagePipelineImages", `"imagebuilder:ListImagePipelineImages"`}},
	}
	for i, test := range tests {
		if testing.Short() && i%4 != 0 {
			continue
		}
		t.Run(test.name, test.check)
	}
}

// failing is a world in which something fails: scope is where, want what is said. LIMIT in
// config and want is the time limit of a call.
type failing struct {
	name, config string
	world        fakeaws.World
	scope        string
	want         []string
}

func (test failing) check(t *testing.T) {
	var problems []string
	withinLimits(func(limit string) bool {
		start(t, test.world)
		if strings.Contains(test.name, "throttles") {
			t.Setenv("AWS_MAX_ATTEMPTS", "3") // its time stands still meanwhile
		}
		if strings.Contains(test.name, "cut off") {
			t.Setenv("AWS_MAX_ATTEMPTS", "1000") // so that time ends it, however long the limit
		}
		out := run(t, call{config: strings.ReplaceAll(test.config, "LIMIT", limit)})
		errs := out.errors()
		if len(errs) != 1 {
			problems = []string{"want one error, got " + out.text(t)}
			return false
		}
		problems = nil
		d := errs[0]
		text := strings.Join([]string{d.Summary, d.Detail, d.NextStep}, "\n")
		for _, want := range test.want {
			if want = strings.ReplaceAll(want, "LIMIT", limit); !strings.Contains(text, want) {
				problems = append(problems, fmt.Sprintf("no %q in:\n%s", want, text))
			}
		}
		if d.Scope != test.scope {
			problems = append(problems, fmt.Sprintf("scope %q, want %q", d.Scope, test.scope))
		}
		if n := len(out.usable(now())["us-east-1"]); strings.Contains(test.config, `"ami"`) && test.scope != "us-east-1" && n != 2500 {
			problems = append(problems, fmt.Sprintf("the other regions are not complete: %d", n))
		}
		return len(problems) == 0 || !strings.Contains(test.config, "LIMIT")
	})
	for _, problem := range problems {
		t.Error(problem)
	}
}

// TestCrossCheckThatFails: AMIs that could not be checked are not offered.
func TestCrossCheckThatFails(t *testing.T) {
	start(t, builderWorld(fakeaws.Fault{Service: "ec2", Region: "eu-west-1", Kind: "deny"}))
	out := run(t, call{config: fmt.Sprintf(pipeline, "1m")})
	if d := out.oneError(t); d.Scope != "eu-west-1" {
		t.Errorf("%+v", d)
	}
	if usable := out.usable(now()); len(usable["eu-west-1"]) != 0 || len(usable["us-east-1"]) != 30 {
		t.Errorf("usable %d and %d, want 0 and 30", len(usable["eu-west-1"]), len(usable["us-east-1"]))
	}
	if img := out.find(t, id(12)); img.State != sdk.Available || img.Evidence != sdk.Recorded || !strings.Contains(img.Withheld, "could not be checked") {
		t.Errorf("%+v", img)
	}
}

// TestNoCallIsWasted: a service that answers at once is asked once for each page.
func TestNoCallIsWasted(t *testing.T) {
	fake := start(t, fakeaws.World{Generate: []fakeaws.Generate{{Region: "us-east-1", Count: 20000}}})
	out := run(t, call{config: `{"ami":{}}`})
	out.noErrors(t)
	if n := len(fake.Calls()); n != 20 || len(out.images) != 20000 {
		t.Errorf("%d calls for %d images, want 20 for 20000", n, len(out.images))
	}
}

func TestEventualConsistency(t *testing.T) {
	w := pipelineWorld()
	for i := range w.AMIs {
		w.AMIs[i].HiddenCalls = 1
	}
	start(t, w)
	out := run(t, call{config: `{"imageBuilder":{"pipeline":"Golden RHEL"}}`})
	if img := out.find(t, id(100)); img.State != sdk.Gone || img.StateReason == "" {
		t.Errorf("%+v", img)
	}
}

func TestUnreachable(t *testing.T) {
	start(t, largeWorld())
	t.Setenv("AWS_ENDPOINT_URL_EC2", "http://127.0.0.1:1")
	t.Setenv("AWS_MAX_ATTEMPTS", "1")
	d := run(t, call{config: `{"ami":{},"callTimeout":"1m"}`}).oneError(t)
	if !strings.Contains(d.Summary, "cannot reach AWS") || !strings.Contains(d.Detail, "refused") {
		t.Errorf("%+v", d)
	}
}

// TestAttemptsAreTheUsers: AWS_MAX_ATTEMPTS holds for every call.
func TestAttemptsAreTheUsers(t *testing.T) {
	for _, mode := range []string{"standard", "adaptive"} {
		fake := start(t, largeWorld(fakeaws.Fault{Kind: "serverError"}))
		t.Setenv("AWS_MAX_ATTEMPTS", "2")
		t.Setenv("AWS_RETRY_MODE", mode)
		d := run(t, call{config: `{"ami":{}}`}).oneError(t)
		if n := count(fake.Calls(), "DescribeImages"); n != 2 || !strings.Contains(d.Detail, "InternalError") {
			t.Errorf("%s: %d attempts, want 2: %+v", mode, n, d)
		}
	}
}

func TestCredentials(t *testing.T) {
	t.Run("none", func(t *testing.T) {
		start(t, largeWorld())
		t.Setenv("AWS_ACCESS_KEY_ID", "")
		t.Setenv("AWS_SECRET_ACCESS_KEY", "")
		t.Setenv("AWS_SESSION_TOKEN", "")
		d := run(t, call{config: fmt.Sprintf(searchThree, "1m")}).oneError(t)
		if !strings.Contains(d.Summary, "no AWS credentials") || d.NextStep == "" {
			t.Errorf("%+v", d)
		}
	})
	t.Run("unknown key", func(t *testing.T) {
		w := largeWorld()
		w.Keys = map[string]string{"AKIAOTHER": self}
		start(t, w)
		out := run(t, call{config: `{"ami":{}}`})
		if d := out.oneError(t); !strings.Contains(d.Summary, "does not accept the credentials") {
			t.Errorf("%+v", d)
		}
	})
	t.Run("profile that does not exist", func(t *testing.T) {
		start(t, largeWorld())
		t.Setenv("AWS_PROFILE", "nobody")
		if d := run(t, call{config: `{"ami":{}}`}).oneError(t); !strings.Contains(d.Summary, `"nobody"`) {
			t.Errorf("%+v", d)
		}
	})
}

func TestAssumeRole(t *testing.T) {
	const role = "arn:aws:iam::444455556666:role/reader"
	w := fakeaws.World{
		Roles: []fakeaws.Role{{ARN: role, ExternalID: "canary-external-id"}},
		AMIs:  []fakeaws.AMI{amiOf("us-east-1", id(1), "2026-06-01T00:00:00.000Z", func(a *fakeaws.AMI) { a.Owner = "444455556666" })},
	}
	fake := start(t, w)
	out := run(t, call{config: `{"ami":{},"roleArn":"` + role + `","externalId":"canary-external-id"}`})
	out.noErrors(t)
	if img := out.find(t, id(1)); img.Owner != "self" || img.OwnerID != "444455556666" {
		t.Errorf("%+v", img)
	}
	if n := count(fake.Calls(), "AssumeRole"); n != 1 {
		t.Errorf("%d AssumeRole calls, want 1", n)
	}
	start(t, w)
	out = run(t, call{config: `{"ami":{},"roleArn":"` + role + `","externalId":"canary-wrong-id"}`})
	d := out.oneError(t)
	if !strings.Contains(d.Summary, role) || !strings.Contains(d.NextStep, "sts:AssumeRole") {
		t.Errorf("%+v", d)
	}
	if strings.Contains(out.text(t), "canary-wrong-id") {
		t.Error("the external id is shown")
	}
}

// TestNoCredentialIsShown uses canary values and everything that can go wrong.
func TestNoCredentialIsShown(t *testing.T) {
	worlds := map[string]fakeaws.World{
		"good": largeWorld(), "denied": largeWorld(fakeaws.Fault{Kind: "deny"}), "expired": largeWorld(fakeaws.Fault{Kind: "expiredCredentials"}),
		"broken": largeWorld(fakeaws.Fault{Kind: "truncate"}), "leaky": largeWorld(fakeaws.Fault{Kind: "leakSignature"}),
		"unknown key": {Keys: map[string]string{"AKIAOTHER": self}},
	}
	for name, world := range worlds {
		t.Run(name, func(t *testing.T) {
			start(t, world)
			search := fmt.Sprintf(searchThree, "1s")
			if name == "good" {
				search = fmt.Sprintf(searchThree, "5m")
			}
			out := run(t, call{config: search})
			verified := runVerify(t, call{config: search, refs: []sdk.Ref{{ID: id(1), Region: "us-east-1"}}})
			text := out.text(t) + verified.text(t)
			if name == "good" && !strings.Contains(text, "page read") {
				t.Fatal("nothing is logged at the highest verbosity, so this test shows nothing")
			}
			for _, secret := range []string{canaryKey, canarySecret, canaryToken} {
				if strings.Contains(text, secret) {
					t.Errorf("%s is shown in:\n%.2000s", secret, text)
				}
			}
		})
	}
}
