package arm

import "strings"

// Roles that Azure has built in and that allow what the plugin reads.
const (
	roleReader        = "Reader"
	roleGalleryReader = "Compute Gallery Image Reader"
)

// readAction returns the action that reading path needs, by the rule that all of
// Resource Manager follows: the provider's namespace, then every resource type on
// the way, then /read. It is empty for a path without a provider.
func readAction(path string) string {
	_, rest, found := strings.Cut(path, "/providers/")
	if !found {
		return ""
	}
	part := strings.Split(strings.Trim(rest, "/"), "/")
	action := part[0]
	for i := 1; i < len(part); i += 2 {
		action += "/" + part[i]
	}
	return action + "/read"
}

// providerOf returns the namespace of the resource provider that path asks, and
// the subscription.
func providerOf(path string) (namespace, subscription string) {
	before, rest, _ := strings.Cut(path, "/providers/")
	namespace, _, _ = strings.Cut(rest, "/")
	if part := strings.Split(strings.Trim(before, "/"), "/"); len(part) > 1 {
		subscription = part[1]
	}
	return namespace, subscription
}

// scopeOf returns the narrowest usual scope of a role assignment that covers
// path: the resource group, or the subscription.
func scopeOf(path string) string {
	part := strings.Split(strings.Trim(path, "/"), "/")
	switch {
	case len(part) >= 4 && strings.EqualFold(part[2], "resourceGroups"):
		return "/" + strings.Join(part[:4], "/")
	case len(part) >= 2:
		return "/" + strings.Join(part[:2], "/")
	}
	return "/"
}

// roleFor returns the narrowest built-in role that has action.
func roleFor(action string) string {
	switch action {
	case "Microsoft.Compute/galleries/images/read", "Microsoft.Compute/galleries/images/versions/read":
		return roleGalleryReader
	}
	return roleReader
}
