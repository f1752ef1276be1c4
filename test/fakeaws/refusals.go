package fakeaws

import (
	"fmt"
	"net/http"
	"slices"
	"time"
)

// apiError is an error of any of the services.
type apiError struct {
	status  int
	code    string
	message string
}

func (e *apiError) Error() string { return e.code + ": " + e.message }

func fail(status int, code, format string, args ...any) *apiError {
	return &apiError{status, code, fmt.Sprintf(format, args...)}
}

// check refuses what AWS refuses before it looks at the action.
func (s *Server) check(r *http.Request, req *request) *apiError {
	signed, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
	if err != nil {
		return fail(http.StatusForbidden, "MissingAuthenticationToken", "X-Amz-Date is missing")
	}
	if skew := s.clock().Sub(signed); skew.Abs() > 5*time.Minute {
		return skewed(req.service, signed, s.clock())
	}
	if !s.regionEnabled(req) {
		return unknownKey(req.service)
	}
	action := req.service + ":" + req.action
	if len(s.world.Allow) > 0 && !slices.Contains(s.world.Allow, action) && req.service != "sts" {
		return denied(req)
	}
	return nil
}

func (s *Server) regionEnabled(req *request) bool {
	if len(s.world.Regions) == 0 || req.service == "sts" {
		return true
	}
	return slices.ContainsFunc(s.world.Regions, func(r Region) bool {
		return r.Name == req.region && r.OptIn != "not-opted-in"
	})
}

func skewed(service string, signed, now time.Time) *apiError {
	const layout = "20060102T150405Z"
	switch service {
	case "ec2":
		return unknownKey(service)
	case "sts":
		return fail(http.StatusForbidden, "SignatureDoesNotMatch", "Signature expired: %s is now earlier than %s",
			signed.UTC().Format(layout), now.UTC().Format(layout))
	}
	return fail(http.StatusForbidden, "InvalidSignatureException", "Signature expired: %s is now earlier than %s",
		signed.UTC().Format(layout), now.UTC().Format(layout))
}

func unknownKey(service string) *apiError {
	switch service {
	case "ec2":
		return fail(http.StatusUnauthorized, "AuthFailure", "AWS was not able to validate the provided access credentials")
	case "sts":
		return fail(http.StatusForbidden, "InvalidClientTokenId", "The security token included in the request is invalid.")
	}
	return fail(http.StatusForbidden, "UnrecognizedClientException", "The security token included in the request is invalid.")
}

func denied(req *request) *apiError {
	action := req.service + ":" + req.action
	text := fmt.Sprintf("User: arn:aws:iam::%s:user/test is not authorized to perform: %s because no identity-based policy allows the %s action",
		req.account, action, action)
	if req.service == "ec2" {
		return fail(http.StatusForbidden, "UnauthorizedOperation", "You are not authorized to perform this operation. %s", text)
	}
	return fail(http.StatusForbidden, "AccessDeniedException", "%s", text)
}

func badToken(service string) *apiError {
	switch service {
	case "ec2":
		return fail(http.StatusBadRequest, "InvalidNextToken", "The token is not valid or has expired.")
	case "imagebuilder":
		return fail(http.StatusBadRequest, "InvalidPaginationTokenException", "You have provided an invalid pagination token in your request.")
	}
	return fail(http.StatusBadRequest, "InvalidNextToken", "The specified token isn't valid.")
}
