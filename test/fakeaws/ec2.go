package fakeaws

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

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
	return s.imagesXML(page, next, req.account), nil
}

// imagesXML are AMIs as an account sees them: tags belong to the account that made them.
func (s *Server) imagesXML(page []any, next, account string) []byte {
	var b bytes.Buffer
	openXML(&b, "DescribeImagesResponse")
	b.WriteString("<imagesSet>")
	for _, item := range page {
		a := item.(*ami)
		b.WriteString("<item>")
		b.Write(a.head)
		if a.Owner == account {
			b.Write(a.tags)
		}
		if s.world.AllowedAMIs != "" {
			element(&b, "imageAllowed", strconv.FormatBool(s.allowed(a, account)))
		}
		b.WriteString("</item>")
	}
	b.WriteString("</imagesSet>")
	optional(&b, "nextToken", next)
	b.WriteString("</DescribeImagesResponse>")
	return b.Bytes()
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
