package fakeaws

import (
	"net/http"
	"strings"
)

// fault says which fault this call gets, if any.
func (s *Server) fault(req *request) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, f := range s.world.Faults {
		if !f.matches(req) {
			continue
		}
		if f.Every > 1 && !s.due(i, req) {
			continue
		}
		if f.Times > 0 && s.faulted[i] >= f.Times {
			continue
		}
		s.faulted[i]++
		return f.Kind
	}
	return ""
}

// due reports whether this is the first try of the n-th call that fault i matches.
func (s *Server) due(i int, req *request) bool {
	call := strings.Join([]string{req.service, req.action, req.region, string(req.body)}, "\x00")
	if s.met[i][call] {
		return false
	}
	if s.met[i] == nil {
		s.met[i] = map[string]bool{}
	}
	s.met[i][call] = true
	return len(s.met[i])%s.world.Faults[i].Every == 0
}

func (f Fault) matches(req *request) bool {
	return (f.Service == "" || f.Service == req.service) &&
		(f.Action == "" || f.Action == req.action) &&
		(f.Region == "" || f.Region == req.region) &&
		(f.Account == "" || f.Account == req.account) &&
		req.page >= f.FromPage
}

// injected turns a fault into the error that the service in question sends.
func injected(req *request) *apiError {
	switch req.fault {
	case "throttle":
		switch req.service {
		case "ec2":
			return fail(http.StatusServiceUnavailable, "RequestLimitExceeded", "Request limit exceeded.")
		case "imagebuilder":
			return fail(http.StatusTooManyRequests, "CallRateLimitExceededException", "You have exceeded the permitted request rate for the specific operation.")
		}
		return fail(http.StatusBadRequest, "ThrottlingException", "Rate exceeded")
	case "serverError":
		if req.service == "imagebuilder" {
			return fail(http.StatusInternalServerError, "ServiceException", "This exception is thrown when the service encounters an unrecoverable exception.")
		}
		return fail(http.StatusInternalServerError, "InternalError", "An internal error has occurred.")
	case "expireToken":
		return badToken(req.service)
	case "deny":
		return denied(req)
	case "leakSignature":
		// AWS repeats the signed request, session token included.
		return fail(http.StatusForbidden, "SignatureDoesNotMatch",
			"The request signature we calculated does not match the signature you provided. The Canonical String for this request should have been 'POST / host:ec2 %s'", req.authorization)
	case "unknownKey":
		return unknownKey(req.service)
	case "expiredCredentials":
		if req.service == "ec2" {
			return fail(http.StatusBadRequest, "RequestExpired", "Request has expired.")
		}
		return fail(http.StatusForbidden, "ExpiredTokenException", "The security token included in the request is expired")
	}
	return nil
}
