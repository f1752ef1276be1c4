package fakeaws

import (
	"slices"
	"strconv"
	"strings"
)

func (q query) matches(a *ami) bool {
	if len(q.ids) > 0 && !slices.Contains(q.ids, a.ID) {
		return false
	}
	if len(q.owners) > 0 && !slices.ContainsFunc(q.owners, func(o string) bool {
		return o == a.Owner || o == "self" && a.Owner == q.account || o == a.OwnerAlias
	}) {
		return false
	}
	if len(q.users) > 0 && !slices.ContainsFunc(q.users, func(u string) bool {
		return u == "all" && a.Public || u == "self" && slices.Contains(a.SharedWith, q.account) || slices.Contains(a.SharedWith, u)
	}) {
		return false
	}
	for _, f := range q.filters {
		if !f.matches(a, q.account) {
			return false
		}
	}
	return true
}

func knownFilter(name string) bool {
	_, ok := filterValue(name, &ami{})
	return ok || name == "tag-key" || strings.HasPrefix(name, "tag:")
}

func filterValue(name string, a *ami) (string, bool) {
	switch name {
	case "architecture":
		return a.Architecture, true
	case "block-device-mapping.encrypted":
		return strconv.FormatBool(a.Encrypted), true
	case "boot-mode":
		return a.BootMode, true
	case "creation-date":
		return a.CreationDate, true
	case "description":
		return a.Description, true
	case "ena-support":
		return "true", true
	case "hypervisor":
		return "xen", true
	case "image-id":
		return a.ID, true
	case "image-type":
		return a.ImageType, true
	case "is-public":
		return strconv.FormatBool(a.Public), true
	case "name":
		return a.Name, true
	case "owner-alias":
		return a.OwnerAlias, true
	case "owner-id":
		return a.Owner, true
	case "platform":
		return a.Platform, true
	case "root-device-type":
		return "ebs", true
	case "state":
		return a.State, true
	case "virtualization-type":
		return "hvm", true
	}
	return "", false
}

// matches compares one filter. Tags belong to an account: those of somebody
// else's AMI are not there for the caller.
func (f filter) matches(a *ami, account string) bool {
	var tags map[string]string
	if a.Owner == account {
		tags = a.Tags
	}
	if f.name == "tag-key" {
		return slices.ContainsFunc(f.values, func(v string) bool { _, ok := tags[v]; return ok })
	}
	var value string
	var ok bool
	if key, isTag := strings.CutPrefix(f.name, "tag:"); isTag {
		value, ok = tags[key]
	} else {
		value, ok = filterValue(f.name, a)
	}
	return ok && slices.ContainsFunc(f.values, func(v string) bool { return wildcard(v, value) })
}

// wildcard matches * and ? as EC2 filters do; a backslash makes the character after it
// one like any other.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Filtering.html
func wildcard(pattern, value string) bool {
	if !strings.ContainsAny(pattern, `*?\`) {
		return pattern == value
	}
	for ; pattern != ""; pattern, value = pattern[1:], value[1:] {
		if pattern[0] == '*' {
			for i := 0; i <= len(value); i++ {
				if wildcard(pattern[1:], value[i:]) {
					return true
				}
			}
			return false
		}
		one := pattern[0] == '?'
		if pattern[0] == '\\' && len(pattern) > 1 {
			pattern = pattern[1:]
		}
		if value == "" || !one && pattern[0] != value[0] {
			return false
		}
	}
	return value == ""
}
