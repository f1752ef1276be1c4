package fakeaws

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"sort"
	"strconv"
	"strings"
)

// params are those of the Query APIs.
type params map[string][]string

func parseParams(text string) params {
	values, _ := url.ParseQuery(text)
	return params(values)
}

func (p params) get(key string) string {
	if len(p[key]) == 0 {
		return ""
	}
	return p[key][0]
}

// list returns Key.1, Key.2, ...
func (p params) list(key string) []string {
	var out []string
	for i := 1; ; i++ {
		values, ok := p[key+"."+strconv.Itoa(i)]
		if !ok {
			return out
		}
		out = append(out, values[0])
	}
}

type filter struct {
	name   string
	values []string
}

func (p params) filters() []filter {
	var out []filter
	for i := 1; ; i++ {
		prefix := "Filter." + strconv.Itoa(i)
		name := p.get(prefix + ".Name")
		if name == "" {
			return out
		}
		out = append(out, filter{name, p.list(prefix + ".Value")})
	}
}

// fingerprint names the parameters that a page token belongs to.
func (p params) fingerprint() string {
	var keys []string
	for k := range p {
		if k != "NextToken" && k != "MaxResults" {
			keys = append(keys, k+"="+p.get(k))
		}
	}
	sort.Strings(keys)
	return strings.Join(keys, "&")
}

// ami is an AMI with its XML, rendered once.
type ami struct {
	AMI
	order      string
	head, tags []byte
}

func newAMI(a *AMI, seed uint64) *ami {
	out := &ami{AMI: *a, order: scramble(a.ID, seed)}
	var b bytes.Buffer
	element(&b, "imageId", a.ID)
	element(&b, "imageLocation", a.Owner+"/"+a.Name)
	if a.State != Unsaid {
		element(&b, "imageState", a.State)
	}
	element(&b, "imageOwnerId", a.Owner)
	element(&b, "creationDate", a.CreationDate)
	element(&b, "isPublic", strconv.FormatBool(a.Public))
	element(&b, "architecture", a.Architecture)
	element(&b, "imageType", a.ImageType)
	optional(&b, "platform", a.Platform)
	element(&b, "platformDetails", a.PlatformDetails)
	element(&b, "usageOperation", "RunInstances")
	element(&b, "name", a.Name)
	optional(&b, "description", a.Description)
	optional(&b, "imageOwnerAlias", a.OwnerAlias)
	optional(&b, "deprecationTime", a.DeprecationTime)
	optional(&b, "bootMode", a.BootMode)
	optional(&b, "tpmSupport", a.TPMSupport)
	optional(&b, "imdsSupport", a.IMDSSupport)
	optional(&b, "lastLaunchedTime", a.LastLaunched)
	optional(&b, "sourceImageId", a.SourceImage)
	optional(&b, "sourceImageRegion", a.SourceRegion)
	optional(&b, "sourceInstanceId", a.SourceInstance)
	element(&b, "deregistrationProtection", a.Protection)
	if a.StateReason != "" {
		b.WriteString("<stateReason>")
		element(&b, "code", "Client.UserInitiatedDisable")
		element(&b, "message", a.StateReason)
		b.WriteString("</stateReason>")
	}
	b.WriteString("<rootDeviceType>ebs</rootDeviceType><rootDeviceName>/dev/sda1</rootDeviceName><blockDeviceMapping><item>" +
		"<deviceName>/dev/sda1</deviceName><ebs>")
	element(&b, "snapshotId", strings.Replace(a.ID, "ami-", "snap-", 1))
	element(&b, "encrypted", strconv.FormatBool(a.Encrypted))
	b.WriteString("<volumeSize>20</volumeSize><deleteOnTermination>true</deleteOnTermination><volumeType>gp3</volumeType>" +
		"</ebs></item></blockDeviceMapping><virtualizationType>hvm</virtualizationType>" +
		"<hypervisor>xen</hypervisor><enaSupport>true</enaSupport><sriovNetSupport>simple</sriovNetSupport>")
	out.head = b.Bytes()
	out.tags = renderTags(a.Tags)
	return out
}

func renderTags(tags map[string]string) []byte {
	if len(tags) == 0 {
		return nil
	}
	keys := make([]string, 0, len(tags))
	for k := range tags {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	var b bytes.Buffer
	b.WriteString("<tagSet>")
	for _, k := range keys {
		b.WriteString("<item>")
		element(&b, "key", k)
		element(&b, "value", tags[k])
		b.WriteString("</item>")
	}
	b.WriteString("</tagSet>")
	return b.Bytes()
}

func element(b *bytes.Buffer, name, value string) {
	b.WriteString("<" + name + ">")
	_ = xml.EscapeText(b, []byte(value))
	b.WriteString("</" + name + ">")
}

func optional(b *bytes.Buffer, name, value string) {
	if value != "" {
		element(b, name, value)
	}
}

// query is a parsed DescribeImages.
type query struct {
	account            string
	ids, owners, users []string
	filters            []filter
	deprecated         bool
	disabled           bool
	now                string
}

func (s *Server) describeImages(req *request) ([]byte, *apiError) {
	p := req.params
	size, err := maxResults(p, 5, 1000)
	if err != nil {
		return nil, err
	}
	q := query{
		account: req.account, ids: p.list("ImageId"), owners: p.list("Owner"), users: p.list("ExecutableBy"),
		filters:    p.filters(),
		deprecated: p.get("IncludeDeprecated") == "true", disabled: p.get("IncludeDisabled") == "true",
		now: s.clock().UTC().Format("2006-01-02T15:04:05.000Z"),
	}
	if len(q.ids) > 0 && size > 0 {
		return nil, fail(http.StatusBadRequest, "InvalidParameterCombination", "The parameter imageIds cannot be used with the parameter maxResults")
	}
	for _, f := range q.filters {
		if len(f.values) > 200 {
			return nil, fail(http.StatusBadRequest, "FilterLimitExceeded", "The maximum number of filter values specified on a single call is 200")
		}
		if !knownFilter(f.name) {
			return nil, fail(http.StatusBadRequest, "InvalidParameterValue", "The filter '%s' is invalid", f.name)
		}
	}
	s.mu.Lock()
	if p.get("NextToken") == "" {
		s.seen["ec2/"+req.region]++
	}
	calls := s.seen["ec2/"+req.region]
	s.mu.Unlock()
	if err := s.checkIDs(req.region, q, calls); err != nil {
		return nil, err
	}
	page, next, err := s.pageThrough("images/"+req.region+"/"+p.fingerprint(), p.get("NextToken"), size, "ec2", func() []any {
		var out []any
		for _, a := range s.amis[req.region] {
			if a.HiddenCalls < calls && s.visible(a, q) && q.matches(a) {
				out = append(out, a)
			}
		}
		return out
	})
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	openXML(&b, "DescribeImagesResponse")
	b.WriteString("<imagesSet>")
	for _, item := range page {
		a := item.(*ami)
		b.WriteString("<item>")
		b.Write(a.head)
		if a.Owner == req.account {
			b.Write(a.tags)
		}
		if s.world.AllowedAMIs != "" {
			element(&b, "imageAllowed", strconv.FormatBool(s.allowed(a, req.account)))
		}
		b.WriteString("</item>")
	}
	b.WriteString("</imagesSet>")
	optional(&b, "nextToken", next)
	b.WriteString("</DescribeImagesResponse>")
	return b.Bytes(), nil
}

func openXML(b *bytes.Buffer, root string) {
	b.WriteString(`<?xml version="1.0" encoding="UTF-8"?>` + "\n<" + root + ` xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">`)
	element(b, "requestId", "59dbff89-35bd-4eac-99ed-be587EXAMPLE")
}

func maxResults(p params, low, high int) (int, *apiError) {
	text := p.get("MaxResults")
	if text == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < low || n > high {
		return 0, fail(http.StatusBadRequest, "InvalidParameterValue", "Value ( %s ) for parameter maxResults is invalid. Expecting a value between %d and %d.", text, low, high)
	}
	return n, nil
}

// checkIDs fails as EC2 does when an id that was asked for is not there, or is
// there and not for the caller.
func (s *Server) checkIDs(region string, q query, calls int) *apiError {
	var missing, private []string
	for _, id := range q.ids {
		i := slices.IndexFunc(s.amis[region], func(a *ami) bool { return a.ID == id && a.HiddenCalls < calls })
		switch {
		case i < 0:
			missing = append(missing, id)
		case !s.permitted(s.amis[region][i], q.account) && !s.world.PrivateUnseen:
			private = append(private, id)
		}
	}
	switch {
	case len(missing) == 1:
		return fail(http.StatusBadRequest, "InvalidAMIID.NotFound", "The image id '[%s]' does not exist", missing[0])
	case len(missing) > 1:
		return fail(http.StatusBadRequest, "InvalidAMIID.NotFound", "The image ids '[%s]' do not exist", strings.Join(missing, ", "))
	case len(private) > 0:
		return fail(http.StatusForbidden, "AuthFailure", "Not authorized for images: [%s]", strings.Join(private, ", "))
	}
	return nil
}

func (s *Server) permitted(a *ami, account string) bool {
	return a.Owner == account || a.Public || slices.Contains(a.SharedWith, account)
}

func (s *Server) allowed(a *ami, account string) bool {
	return a.Owner == account || slices.Contains(s.world.AllowedOwners, a.Owner) ||
		a.OwnerAlias != "" && slices.Contains(s.world.AllowedOwners, a.OwnerAlias)
}

// visible applies permissions, the Allowed AMIs setting, and the rule that
// deprecated AMIs are hidden from all but their owner unless asked for.
func (s *Server) visible(a *ami, q query) bool {
	if !s.permitted(a, q.account) {
		return false
	}
	if s.world.AllowedAMIs == "enabled" && !s.allowed(a, q.account) {
		return false
	}
	if a.State == "disabled" && !q.disabled {
		return false
	}
	deprecated := a.DeprecationTime != "" && a.DeprecationTime <= q.now
	return !deprecated || q.deprecated || a.Owner == q.account
}

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

func (s *Server) describeRegions(req *request) ([]byte, *apiError) {
	regions := s.world.Regions
	if len(regions) == 0 {
		regions = []Region{{Name: "us-east-1"}, {Name: "us-west-2"}, {Name: "eu-west-1"}}
	}
	names := req.params.list("RegionName")
	var b bytes.Buffer
	openXML(&b, "DescribeRegionsResponse")
	b.WriteString("<regionInfo>")
	for _, r := range regions {
		optIn := r.OptIn
		setDefault(&optIn, "opt-in-not-required")
		if optIn == "not-opted-in" && req.params.get("AllRegions") != "true" {
			continue
		}
		if len(names) > 0 && !slices.Contains(names, r.Name) {
			continue
		}
		b.WriteString("<item>")
		element(&b, "regionName", r.Name)
		element(&b, "regionEndpoint", fmt.Sprintf("ec2.%s.amazonaws.com", r.Name))
		element(&b, "optInStatus", optIn)
		b.WriteString("</item>")
	}
	b.WriteString("</regionInfo></DescribeRegionsResponse>")
	return b.Bytes(), nil
}
