package fakeaws

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// listInput is the body of all of Image Builder's list actions.
type listInput struct {
	Owner           string `json:"owner"`
	ImagePipeline   string `json:"imagePipelineArn"`
	ImageVersionARN string `json:"imageVersionArn"`
	Filters         []struct {
		Name   string   `json:"name"`
		Values []string `json:"values"`
	} `json:"filters"`
	ByName     bool   `json:"byName"`
	Deprecated bool   `json:"includeDeprecated"`
	MaxResults *int   `json:"maxResults"`
	NextToken  string `json:"nextToken"`
}

const builderPage = 25

func readList(req *request, filters ...string) (listInput, int, *apiError) {
	var in listInput
	if len(req.body) > 0 {
		if err := json.Unmarshal(req.body, &in); err != nil {
			return in, 0, invalid("%v", err)
		}
	}
	size := builderPage
	if in.MaxResults != nil {
		size = *in.MaxResults
		if size < 1 || size > builderPage {
			return in, 0, invalid("1 validation error detected: Value '%d' at 'maxResults' failed to satisfy constraint: Member must have value less than or equal to 25", size)
		}
	}
	for _, f := range in.Filters {
		if !slices.Contains(filters, f.Name) {
			return in, 0, invalid("Invalid filter name: %s. The filter names are case-sensitive", f.Name)
		}
		if in.ByName && f.Name == "version" {
			return in, 0, invalid("byName cannot be combined with the version filter")
		}
	}
	return in, size, nil
}

func invalid(format string, args ...any) *apiError {
	return fail(http.StatusBadRequest, "InvalidRequestException", format, args...)
}

// match compares values exactly: Image Builder's filters are case-sensitive and
// know wildcards in versions only.
func (in listInput) match(values map[string]string) bool {
	for _, f := range in.Filters {
		value := values[f.Name]
		if !slices.ContainsFunc(f.Values, func(v string) bool {
			if f.Name == "version" {
				return versionMatches(v, value)
			}
			return v == value
		}) {
			return false
		}
	}
	return true
}

func versionMatches(pattern, version string) bool {
	want, have := strings.Split(pattern, "."), strings.Split(version, ".")
	if len(want) != len(have) {
		return false
	}
	for i := range want {
		if want[i] != "x" && want[i] != have[i] {
			return false
		}
	}
	return true
}

func (in listInput) key(action, region string) string {
	in.NextToken, in.MaxResults = "", nil
	b, _ := json.Marshal(in)
	return action + "/" + region + "/" + string(b)
}

// builds returns the builds that the caller may see, in no useful order.
func (s *Server) builds(req *request, keep func(Build) bool) []Build {
	calls := s.seen["imagebuilder/"+req.region]
	var out []Build
	for _, b := range s.world.Builds {
		if b.Region == req.region && b.HiddenCalls < calls && s.sees(req, b) && keep(b) {
			out = append(out, b)
		}
	}
	slices.SortFunc(out, func(a, b Build) int { return strings.Compare(s.scramble(a.ARN()), s.scramble(b.ARN())) })
	return out
}

func (s *Server) sees(req *request, b Build) bool {
	return b.Account == req.account || b.Account == "aws" || slices.Contains(b.SharedWith, req.account)
}

func owns(req *request, owner string, b Build) bool {
	switch owner {
	case "", "Self":
		return b.Account == req.account
	case "Amazon":
		return b.Account == "aws"
	case "Shared":
		return b.Account != req.account && b.Account != "aws"
	}
	return false
}

func (s *Server) list(req *request, in listInput, size int, items func() []any) ([]any, string, *apiError) {
	if in.NextToken == "" {
		s.mu.Lock()
		s.seen["imagebuilder/"+req.region]++
		s.mu.Unlock()
	}
	return s.pageThrough(in.key(req.action, req.region), in.NextToken, size, "imagebuilder", items)
}

func (s *Server) listImagePipelines(req *request) ([]byte, *apiError) {
	in, size, err := readList(req, "description", "distributionConfigurationArn", "imageRecipeArn",
		"infrastructureConfigurationArn", "name", "status")
	if err != nil {
		return nil, err
	}
	page, next, err := s.list(req, in, size, func() []any {
		var out []any
		for _, p := range s.world.Pipelines {
			if p.Region == req.region && p.Account == req.account && in.match(map[string]string{"name": p.Name, "status": "ENABLED"}) {
				out = append(out, map[string]any{"arn": p.ARN(), "name": p.Name, "platform": "Linux", "status": "ENABLED"})
			}
		}
		return out
	})
	return reply("imagePipelineList", page, next, err)
}

func (s *Server) listImagePipelineImages(req *request) ([]byte, *apiError) {
	in, size, err := readList(req, "name", "version")
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(s.world.Pipelines, func(p Pipeline) bool {
		return p.ARN() == in.ImagePipeline && p.Region == req.region && p.Account == req.account
	})
	if i < 0 {
		return nil, fail(http.StatusNotFound, "ResourceNotFoundException", "The resource with ARN '%s' cannot be found.", in.ImagePipeline)
	}
	name := s.world.Pipelines[i].Name
	page, next, err := s.list(req, in, size, func() []any {
		return summaries(s.builds(req, func(b Build) bool {
			return b.Pipeline == name && in.match(map[string]string{"name": b.Name, "version": b.Version})
		}))
	})
	return reply("imageSummaryList", page, next, err)
}

func (s *Server) listImages(req *request) ([]byte, *apiError) {
	in, size, err := readList(req, "name", "osVersion", "platform", "type", "version")
	if err != nil {
		return nil, err
	}
	page, next, err := s.list(req, in, size, func() []any {
		var out []any
		seen := map[string]bool{}
		for _, b := range s.builds(req, func(b Build) bool {
			return owns(req, in.Owner, b) && (in.Deprecated || b.Status != "DEPRECATED") && in.match(map[string]string{
				"name": b.Name, "osVersion": b.OSVersion, "platform": b.Platform, "type": b.Type, "version": b.Version,
			})
		}) {
			if seen[b.VersionARN()] {
				continue
			}
			seen[b.VersionARN()] = true
			version := map[string]any{
				"arn": b.VersionARN(), "name": b.Name, "type": b.Type, "version": b.Version,
				"platform": b.Platform, "owner": b.Account, "dateCreated": b.DateCreated,
			}
			if b.OSVersion != "" {
				version["osVersion"] = b.OSVersion
			}
			out = append(out, version)
		}
		return out
	})
	return reply("imageVersionList", page, next, err)
}

func (s *Server) listImageBuildVersions(req *request) ([]byte, *apiError) {
	in, size, err := readList(req, "name", "osVersion", "platform", "type", "version")
	if err != nil {
		return nil, err
	}
	page, next, err := s.list(req, in, size, func() []any {
		return summaries(s.builds(req, func(b Build) bool { return b.VersionARN() == in.ImageVersionARN }))
	})
	return reply("imageSummaryList", page, next, err)
}

func (s *Server) getImage(req *request) ([]byte, *apiError) {
	want := req.params.get("imageBuildVersionArn")
	for _, b := range s.world.Builds {
		if b.Region == req.region && b.ARN() == want && s.sees(req, b) {
			image := summary(b)
			image["sourcePipelineName"] = b.Pipeline
			out, _ := json.Marshal(map[string]any{"requestId": requestID, "image": image})
			return out, nil
		}
	}
	return nil, fail(http.StatusNotFound, "ResourceNotFoundException", "The resource with ARN '%s' cannot be found.", want)
}

const requestID = "7e2f3a44-5b0d-4a8a-9a39-0f3EXAMPLE"

func reply(key string, items []any, next string, err *apiError) ([]byte, *apiError) {
	if err != nil {
		return nil, err
	}
	if items == nil {
		items = []any{}
	}
	out := map[string]any{"requestId": requestID, key: items}
	if next != "" {
		out["nextToken"] = next
	}
	body, _ := json.Marshal(out)
	return body, nil
}

func summaries(builds []Build) []any {
	out := make([]any, len(builds))
	for i, b := range builds {
		out[i] = summary(b)
	}
	return out
}

func summary(b Build) map[string]any {
	out := map[string]any{
		"arn": b.ARN(), "name": b.Name, "type": b.Type, "version": fmt.Sprintf("%s/%d", b.Version, b.Build),
		"platform": b.Platform, "owner": b.Account, "dateCreated": b.DateCreated,
		"state": state(b.Status, b.StatusReason),
	}
	if b.OSVersion != "" {
		out["osVersion"] = b.OSVersion
	}
	if b.BuildType != "" {
		out["buildType"] = b.BuildType
	}
	if len(b.Tags) > 0 {
		out["tags"] = b.Tags
	}
	if t, err := time.Parse(time.RFC3339, b.DeprecationTime); err == nil {
		out["deprecationTime"] = t.Unix()
	}
	if b.Type == "DOCKER" {
		out["outputResources"] = map[string]any{"containers": []any{
			map[string]any{"region": b.Region, "imageUris": []string{b.Account + ".dkr.ecr.example/golden:" + b.Version}},
		}}
		return out
	}
	amis := make([]any, len(b.Outputs))
	for i, o := range b.Outputs {
		ami := map[string]any{"region": o.Region, "image": o.AMI, "name": o.Name, "accountId": o.Account}
		if o.Status != "" {
			ami["state"] = state(o.Status, o.Reason)
		}
		amis[i] = ami
	}
	out["outputResources"] = map[string]any{"amis": amis}
	return out
}

func state(status, reason string) map[string]any {
	out := map[string]any{"status": status}
	if reason != "" {
		out["reason"] = reason
	}
	return out
}
