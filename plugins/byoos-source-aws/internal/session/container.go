package session

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
)

// container asks a server for the credentials of a container. The SDK puts all that
// it answers, which may be secret, into its error.
// https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html
type container struct {
	aws.HTTPClient
	session *Session
}

// containerError is an answer that has no credentials.
type containerError struct {
	host   string
	status int
	// what is wrong with an answer of status 200.
	what string
}

func (e *containerError) Error() string {
	if e.status == http.StatusOK {
		return e.host + " answers " + e.what
	}
	return fmt.Sprintf("%s answers %d %s", e.host, e.status, http.StatusText(e.status))
}

// RetryableError is as the SDK repeats by the status.
func (e *containerError) RetryableError() bool {
	return e.status >= http.StatusInternalServerError || e.status == http.StatusTooManyRequests
}

func (e *containerError) diagnostic() *sdk.Diagnostic {
	d := &sdk.Diagnostic{
		Severity: sdk.Error, Summary: "the server of container credentials gives none", Detail: e.Error(),
		NextStep: "check AWS_CONTAINER_CREDENTIALS_FULL_URI or AWS_CONTAINER_CREDENTIALS_RELATIVE_URI, and that the task or pod has a role",
	}
	if e.status == http.StatusUnauthorized || e.status == http.StatusForbidden {
		d.NextStep = "check AWS_CONTAINER_AUTHORIZATION_TOKEN or AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE, and that the task or pod has a role"
	}
	return d
}

// Do sends a request, and hands on nothing but an answer that has credentials.
func (c container) Do(r *http.Request) (*http.Response, error) {
	c.session.learn(r.Header.Get("Authorization"))
	response, err := c.HTTPClient.Do(r)
	if err != nil {
		return nil, barrier(r, err)
	}
	defer func(body io.Closer) { _ = body.Close() }(response.Body)
	wrong := &containerError{host: r.URL.Host, status: response.StatusCode}
	if response.StatusCode != http.StatusOK {
		return nil, wrong
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, maxOutput))
	if err != nil {
		return nil, err
	}
	var credentials struct {
		AccessKeyID     string `json:"AccessKeyId"`
		SecretAccessKey string
		Token           string
		Expiration      *time.Time
	}
	switch err := json.Unmarshal(body, &credentials); {
	case len(bytes.TrimSpace(body)) == 0:
		wrong.what = "nothing"
	case err != nil:
		wrong.what = "what is not JSON with AccessKeyId, SecretAccessKey, Token and Expiration"
	case credentials.AccessKeyID == "" || credentials.SecretAccessKey == "":
		wrong.what = "without AccessKeyId or SecretAccessKey"
	}
	c.session.learn(credentials.AccessKeyID, credentials.SecretAccessKey, credentials.Token)
	if wrong.what != "" {
		return nil, wrong
	}
	response.Body = io.NopCloser(bytes.NewReader(body))
	return response, nil
}
