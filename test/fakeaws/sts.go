package fakeaws

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"net/http"
	"slices"
	"strings"
	"time"
)

func openSTS(b *bytes.Buffer, action string) {
	b.WriteString("<" + action + `Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><` + action + "Result>")
}

func closeSTS(b *bytes.Buffer, action string) {
	b.WriteString("</" + action + "Result><ResponseMetadata>")
	element(b, "RequestId", requestID)
	b.WriteString("</ResponseMetadata></" + action + "Response>")
}

func (s *Server) getCallerIdentity(req *request) ([]byte, *apiError) {
	var b bytes.Buffer
	openSTS(&b, "GetCallerIdentity")
	element(&b, "Arn", "arn:aws:iam::"+req.account+":user/test")
	element(&b, "UserId", "AIDAEXAMPLE")
	element(&b, "Account", req.account)
	closeSTS(&b, "GetCallerIdentity")
	return b.Bytes(), nil
}

// assumeRole hands out a key that belongs to the role's account.
func (s *Server) assumeRole(req *request) ([]byte, *apiError) {
	role := req.params.get("RoleArn")
	i := slices.IndexFunc(s.world.Roles, func(r Role) bool {
		return r.ARN == role && r.ExternalID == req.params.get("ExternalId")
	})
	if i < 0 || req.params.get("RoleSessionName") == "" {
		return nil, fail(http.StatusForbidden, "AccessDenied",
			"User: arn:aws:iam::%s:user/test is not authorized to perform: sts:AssumeRole on resource: %s", req.account, role)
	}
	account := strings.Split(role, ":")[4]
	s.mu.Lock()
	s.serial++
	key := "ASIA" + strings.ToUpper(s.scramble(role + time.Duration(s.serial).String())[:16])
	s.sessions[key] = account
	s.mu.Unlock()
	var b bytes.Buffer
	openSTS(&b, "AssumeRole")
	b.WriteString("<AssumedRoleUser>")
	element(&b, "Arn", strings.Replace(role, ":role/", ":assumed-role/", 1)+"/"+req.params.get("RoleSessionName"))
	element(&b, "AssumedRoleId", "AROAEXAMPLE:"+req.params.get("RoleSessionName"))
	b.WriteString("</AssumedRoleUser><Credentials>")
	element(&b, "AccessKeyId", key)
	element(&b, "SecretAccessKey", "canary-assumed-secret")
	element(&b, "SessionToken", "canary-assumed-token")
	element(&b, "Expiration", s.clock().Add(time.Hour).UTC().Format(time.RFC3339))
	b.WriteString("</Credentials>")
	closeSTS(&b, "AssumeRole")
	return b.Bytes(), nil
}

// errorBody writes an error in the shape of its service.
func errorBody(h http.Header, service string, err *apiError) []byte {
	var b bytes.Buffer
	switch service {
	case "ec2":
		b.WriteString(xml.Header + "<Response><Errors><Error>")
		element(&b, "Code", err.code)
		element(&b, "Message", err.message)
		b.WriteString("</Error></Errors>")
		element(&b, "RequestID", requestID)
		b.WriteString("</Response>")
		return b.Bytes()
	case "sts":
		b.WriteString(`<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error>`)
		element(&b, "Type", "Sender")
		element(&b, "Code", err.code)
		element(&b, "Message", err.message)
		b.WriteString("</Error>")
		element(&b, "RequestId", requestID)
		b.WriteString("</ErrorResponse>")
		return b.Bytes()
	case "imagebuilder":
		h.Set("X-Amzn-ErrorType", err.code)
		out, _ := json.Marshal(map[string]string{"message": err.message})
		return out
	}
	out, _ := json.Marshal(map[string]string{"__type": err.code, "message": err.message})
	return out
}
