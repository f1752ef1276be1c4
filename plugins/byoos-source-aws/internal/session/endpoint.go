package session

import (
	"fmt"
	"net/url"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/imagebuilder"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/sso"
	"github.com/aws/aws-sdk-go-v2/service/ssooidc"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-aws/internal/trouble"
)

// badEndpoints says, by service, what is wrong with the endpoint that the user has set.
func badEndpoints(c aws.Config) map[string]error {
	bad := map[string]error{}
	for _, service := range []struct {
		id, variable string
		endpoint     *string
	}{
		{ec2.ServiceID, "EC2", ec2.NewFromConfig(c).Options().BaseEndpoint},
		{imagebuilder.ServiceID, "IMAGEBUILDER", imagebuilder.NewFromConfig(c).Options().BaseEndpoint},
		{ssm.ServiceID, "SSM", ssm.NewFromConfig(c).Options().BaseEndpoint},
		{sts.ServiceID, "STS", sts.NewFromConfig(c).Options().BaseEndpoint},
		{sso.ServiceID, "SSO", sso.NewFromConfig(c).Options().BaseEndpoint},
		{ssooidc.ServiceID, "SSO_OIDC", ssooidc.NewFromConfig(c).Options().BaseEndpoint},
	} {
		if what := wrongWith(service.endpoint); what != "" {
			bad[service.id] = &trouble.BarrierError{Kind: trouble.Endpoint, What: fmt.Sprintf(
				"AWS_ENDPOINT_URL_%s, AWS_ENDPOINT_URL or endpoint_url of the profile %s", service.variable, what)}
		}
	}
	return bad
}

// wrongWith does not repeat what it finds: it may be a password.
func wrongWith(endpoint *string) string {
	if endpoint == nil {
		return ""
	}
	u, err := url.Parse(*endpoint)
	switch {
	case err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "":
		return "is not the URL of a host"
	case u.User != nil:
		return "has a user name or a password, of which AWS has no use"
	case u.RawQuery != "" || u.Fragment != "":
		return "has more than a host and a path"
	}
	return ""
}
