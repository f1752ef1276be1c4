package fakeaws

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
)

// request is what a handler of one action needs.
type request struct {
	service, action, region, account string
	params                           params
	body                             []byte // of a JSON service
	page                             int
	fault                            string
	authorization                    string // what a signature error repeats
}

// parse finds out what is asked and by whom. The request is nil when that
// cannot be told.
func (s *Server) parse(r *http.Request) (*request, *apiError) {
	key, region, service, ok := scope(r.Header.Get("Authorization"))
	if !ok {
		return nil, fail(http.StatusForbidden, "MissingAuthenticationToken", "request is missing a credential scope")
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil {
		return nil, fail(http.StatusBadRequest, "IncompleteBody", "%v", err)
	}
	req := &request{service: service, region: region, body: body, page: 1,
		authorization: "x-amz-security-token:" + r.Header.Get("X-Amz-Security-Token") + " " + r.Header.Get("Authorization")}
	switch service {
	case "ec2", "sts":
		req.params = parseParams(string(body))
		req.action = req.params.get("Action")
	case "imagebuilder":
		req.action = strings.TrimPrefix(r.URL.Path, "/")
		if r.Method == http.MethodGet {
			req.params = parseParams(r.URL.RawQuery)
		}
	case "ssm":
		req.action = strings.TrimPrefix(r.Header.Get("X-Amz-Target"), "AmazonSSM.")
	default:
		return nil, fail(http.StatusNotFound, "UnknownService", "no service %q here", service)
	}
	account, known := s.account(key)
	req.account = account
	req.page = s.pageOf(req)
	if !known {
		return req, unknownKey(service)
	}
	return req, nil
}

// scope reads Credential=AKID/20260102/us-east-1/ec2/aws4_request.
func scope(authorization string) (key, region, service string, ok bool) {
	_, rest, found := strings.Cut(authorization, "Credential=")
	if !found {
		return "", "", "", false
	}
	credential, _, _ := strings.Cut(rest, ",")
	parts := strings.Split(strings.TrimSpace(credential), "/")
	if len(parts) != 5 {
		return "", "", "", false
	}
	return parts[0], parts[2], parts[3], true
}

func (s *Server) account(key string) (string, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if account, ok := s.sessions[key]; ok {
		return account, true
	}
	if account, ok := s.world.Keys[key]; ok {
		return account, true
	}
	return s.world.Account, len(s.world.Keys) == 0
}

// pageOf says which page of a listing a request asks for, from 1.
func (s *Server) pageOf(req *request) int {
	token := req.params.get("NextToken")
	if token == "" && len(req.body) > 0 && req.body[0] == '{' {
		var body struct {
			NextToken string `json:"nextToken"`
		}
		_ = json.Unmarshal(req.body, &body)
		token = body.NextToken
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if l, ok := s.listings[token]; ok {
		return l.page + 1
	}
	return 1
}
