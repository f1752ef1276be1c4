package fakeaws

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
)

func (s *Server) parameter(region, name string) (map[string]any, bool) {
	name, selector, selected := strings.Cut(name, ":")
	i := slices.IndexFunc(s.world.Parameters, func(p Parameter) bool { return p.Region == region && p.Name == name })
	if i < 0 {
		return nil, false
	}
	out := map[string]any{
		"Name": name, "Type": "String", "Value": s.world.Parameters[i].Value, "Version": 7, "DataType": "text", "LastModifiedDate": 1780272000.5,
		"ARN": "arn:" + partition(region) + ":ssm:" + region + "::parameter" + name,
	}
	if selected {
		out["Selector"] = ":" + selector
	}
	return out, true
}

// getParameters answers for at most ten names and lists those it does not know.
func (s *Server) getParameters(req *request) ([]byte, *apiError) {
	var in struct{ Names []string }
	if err := json.Unmarshal(req.body, &in); err != nil || len(in.Names) == 0 || len(in.Names) > 10 {
		return nil, fail(http.StatusBadRequest, "ValidationException", "names must have 1 to 10 members")
	}
	found, missing := []any{}, []string{}
	for _, name := range in.Names {
		if p, ok := s.parameter(req.region, name); ok {
			found = append(found, p)
		} else {
			missing = append(missing, name)
		}
	}
	out, _ := json.Marshal(map[string]any{"Parameters": found, "InvalidParameters": missing})
	return out, nil
}

func (s *Server) getParameter(req *request) ([]byte, *apiError) {
	var in struct{ Name string }
	_ = json.Unmarshal(req.body, &in)
	p, ok := s.parameter(req.region, in.Name)
	if !ok {
		return nil, fail(http.StatusBadRequest, "ParameterNotFound", "")
	}
	out, _ := json.Marshal(map[string]any{"Parameter": p})
	return out, nil
}
