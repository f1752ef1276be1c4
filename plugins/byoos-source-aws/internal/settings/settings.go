// Package settings holds the configuration of the aws source: what a spec may
// say, and the rules that a JSON Schema cannot express. It is pure.
package settings

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/Masterminds/semver/v3"
	"github.com/invopop/jsonschema"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
)

// AllEnabled in Regions stands for every region that is enabled for the account.
const AllEnabled = "all-enabled"

// Self in Owners is the account of the credentials; Any is every account.
const (
	Self = "self"
	Any  = "any"
)

// Config is the configuration of one source of type aws. Exactly one of
// ImageBuilder, AMI and SSMParameter is set.
type Config struct {
	Regions         Regions       `json:"regions,omitempty" jsonschema_description:"Region, list of regions, or all-enabled. Default: the regions that the packs select and, where not every pack selects one, that of the AWS configuration. With imageBuilder: every region an image was distributed to."`
	ImageBuilder    *ImageBuilder `json:"imageBuilder,omitempty" jsonschema_description:"AMIs that EC2 Image Builder made. A build shows up to two minutes after it has finished."`
	AMI             *AMI          `json:"ami,omitempty" jsonschema_description:"AMIs found by owner, name, tags and EC2 filters. An empty mapping stands for every AMI of the account."`
	SSMParameter    List          `json:"ssmParameter,omitempty" jsonschema_description:"SSM parameter that holds an AMI id; one or a list. Those outside of /aws/service/ must be permitted by plugins.aws.parameterPrefixes in the user's own configuration."`
	ParameterOwners List          `json:"parameterOwners,omitempty" jsonschema_description:"Whose AMIs a parameter outside of /aws/service/ may hold: account ids, self or amazon. Default: self."`
	NewestBy        sdk.NewestBy  `json:"newestBy,omitempty" jsonschema:"enum=created,enum=version,default=created" jsonschema_description:"What makes one AMI newer than another: when it was made, or its version: that of the Image Builder build, else the tag that tagKeys.version names."`
	TagKeys         TagKeys       `json:"tagKeys,omitempty" jsonschema_description:"AMI tags that hold facts. The tags of Kubernetes Image Builder are read without being named."`
	RoleARN         string        `json:"roleArn,omitempty" jsonschema:"pattern=^arn:aws[a-z-]*:iam::[0-9]{12}:role/.+$" jsonschema_description:"Role to assume with the credentials that the AWS SDK finds."`
	ExternalID      string        `json:"externalId,omitempty" jsonschema_description:"External id for roleArn."`
	SessionName     string        `json:"sessionName,omitempty" jsonschema:"pattern=^[A-Za-z0-9_+=\\,.@-]{2\\,64}$" jsonschema_description:"Session name for roleArn. Default: kubectl-byoos."`
	Profile         string        `json:"profile,omitempty" jsonschema_description:"Profile of the AWS configuration. It must be the one in AWS_PROFILE or be listed under plugins.aws.profiles in the user's own configuration."`
	CallTimeout     string        `json:"callTimeout,omitempty" jsonschema:"default=45s" jsonschema_description:"How long one call may take with its retries (a Go duration), but for the time that it waits because AWS throttles. A region that takes longer is reported."`
}

// ImageBuilder says which images of EC2 Image Builder to read.
type ImageBuilder struct {
	Pipeline string `json:"pipeline,omitempty" jsonschema_description:"Name or ARN of an image pipeline."`
	Image    string `json:"image,omitempty" jsonschema_description:"Name or ARN of an image; the ARN with or without a version and build (x is a wildcard)."`
	Version  string `json:"version,omitempty" jsonschema_description:"Range of image versions: 1.x or >=1.2 <2."`
	Owner    string `json:"owner,omitempty" jsonschema:"enum=self,enum=shared,enum=amazon,default=self" jsonschema_description:"Whose images, for image by name."`
	Region   string `json:"region,omitempty" jsonschema:"pattern=^[a-z]{2\\,}(-[a-z]+)+-[0-9]+$" jsonschema_description:"Region that the pipeline or image lives in. Default: that of the ARN, else the region of the AWS configuration, else the first of regions."`
}

// AMI is a search for AMIs.
type AMI struct {
	Owners      List            `json:"owners,omitempty" jsonschema_description:"Account ids, self, amazon or aws-marketplace. Default: self. any needs dangerouslyAllowAnyOwner."`
	NamePattern string          `json:"namePattern,omitempty" jsonschema_description:"AMI name; * and ? are wildcards."`
	Tags        map[string]List `json:"tags,omitempty" jsonschema_description:"Tags that an AMI must have, with one of these values; * and ? are wildcards. Only the owner of an AMI sees its tags."`
	Filters     map[string]List `json:"filters,omitempty" jsonschema_description:"Filters of the EC2 API (DescribeImages), by name."`
	// The key is long so that nobody sets it by accident.
	DangerouslyAllowAnyOwner bool  `json:"dangerouslyAllowAnyOwner,omitempty" jsonschema_description:"Permits owners: any. Anybody can publish an AMI with a name or description of their choice."`
	ShowStrangers            *bool `json:"showStrangers,omitempty" jsonschema_description:"Also list public AMIs of other accounts that match namePattern and are newer, as withheld, so that explain can name them. Default: true."`
}

// TagKeys name the tags that hold facts about an AMI.
type TagKeys struct {
	OSName            string `json:"osName,omitempty"`
	OSVersion         string `json:"osVersion,omitempty"`
	KubernetesVersion string `json:"kubernetesVersion,omitempty"`
	Version           string `json:"version,omitempty" jsonschema_description:"Tag with the image's own version."`
}

// List is a list of strings; a single string is one value, whatever it holds.
type List []string

// UnmarshalJSON accepts a string or a list of strings.
func (l *List) UnmarshalJSON(data []byte) error {
	var one string
	if err := json.Unmarshal(data, &one); err == nil {
		*l = List{one}
		return nil
	}
	var many []string
	if err := json.Unmarshal(data, &many); err != nil {
		return errors.New("want a string or a list of strings")
	}
	*l = many
	return nil
}

// JSONSchema describes both forms.
func (List) JSONSchema() *jsonschema.Schema { return stringOrList() }

// Regions is a List of region names.
type Regions List

// UnmarshalJSON accepts a string or a list of strings.
func (r *Regions) UnmarshalJSON(data []byte) error { return (*List)(r).UnmarshalJSON(data) }

// JSONSchema describes both forms.
func (Regions) JSONSchema() *jsonschema.Schema { return stringOrList() }

func stringOrList() *jsonschema.Schema {
	item := &jsonschema.Schema{Type: "string"}
	return &jsonschema.Schema{AnyOf: []*jsonschema.Schema{item, {Type: "array", Items: item}}}
}

var (
	regionForm  = regexp.MustCompile(`^[a-z]{2,}(-[a-z]+)+-[0-9]+$`)
	accountForm = regexp.MustCompile(`^[0-9]{12}$`)
)

// Validate returns a *sdk.Diagnostic that names the key at fault, or nil.
func (c Config) Validate() error {
	if err := c.checkModes(); err != nil {
		return err
	}
	if err := c.checkRegions(); err != nil {
		return err
	}
	if _, err := c.Timeout(); err != nil {
		return err
	}
	if c.RoleARN == "" && (c.ExternalID != "" || c.SessionName != "") {
		return problem("roleArn", "externalId and sessionName need roleArn", "add roleArn, or drop them")
	}
	if c.ParameterOwners != nil && c.SSMParameter == nil {
		return problem("parameterOwners", "parameterOwners needs ssmParameter", "use ami.owners for a search, or drop the key")
	}
	if err := c.checkNewestBy(); err != nil {
		return err
	}
	switch {
	case c.ImageBuilder != nil:
		return c.ImageBuilder.validate()
	case c.AMI != nil:
		return c.AMI.validate()
	}
	if c.ParameterOwners != nil {
		if err := checkOwners("parameterOwners", c.ParameterOwners, false); err != nil {
			return err
		}
	}
	return checkParameters(c.SSMParameter)
}

func (c Config) checkNewestBy() error {
	switch c.NewestBy {
	case "", sdk.NewestByCreated:
		return nil
	case sdk.NewestByVersion:
		if c.ImageBuilder == nil && c.TagKeys.Version == "" {
			return problem("newestBy", "newestBy is version, and no tag is named that holds it", "set tagKeys.version")
		}
		return nil
	}
	return problem("newestBy", fmt.Sprintf("%q is neither created nor version", c.NewestBy), "write one of them")
}

func (c Config) checkModes() error {
	modes := 0
	for _, set := range []bool{c.ImageBuilder != nil, c.AMI != nil, c.SSMParameter != nil} {
		if set {
			modes++
		}
	}
	const keys = "imageBuilder, ami or ssmParameter"
	switch modes {
	case 1:
		return nil
	case 0:
		return problem("", "the configuration does not say what to look for", "set one of "+keys)
	}
	return problem("", "only one of "+keys+" can be set", "make a source of each")
}

// IsRegion tells whether a name has the form of a region of AWS. Nothing else may
// become part of the name of a host that is sent a signed request.
func IsRegion(name string) bool { return regionForm.MatchString(name) }

func (c Config) checkRegions() error {
	if c.Regions != nil && len(c.Regions) == 0 {
		return problem("regions", "the list of regions is empty", "name a region, write "+AllEnabled+", or drop the key")
	}
	for i, r := range c.Regions {
		path := fmt.Sprintf("regions[%d]", i)
		switch {
		case r == AllEnabled && len(c.Regions) > 1:
			return problem(path, AllEnabled+" cannot be combined with other regions", "keep one of them")
		case r != AllEnabled && !regionForm.MatchString(r):
			return problem(path, fmt.Sprintf("%q is not a region", r), "write it as us-east-1, and several as a list")
		case Partition(r) != Partition(c.Regions[0]):
			return problem(path, fmt.Sprintf("%s and %s are in different partitions: one set of credentials is good in one only", c.Regions[0], r),
				"make one source for each partition")
		}
	}
	return nil
}

// Timeout returns CallTimeout, or 45 s when it is not set.
func (c Config) Timeout() (time.Duration, error) {
	if c.CallTimeout == "" {
		return 45 * time.Second, nil
	}
	d, err := time.ParseDuration(c.CallTimeout)
	if err != nil || d <= 0 {
		return 0, problem("callTimeout", fmt.Sprintf("%q is not a duration", c.CallTimeout), "write it as 45s or 2m")
	}
	return d, nil
}

func (b *ImageBuilder) validate() error {
	switch {
	case b.Pipeline == "" && b.Image == "":
		return problem("imageBuilder", "imageBuilder names neither a pipeline nor an image", "set imageBuilder.pipeline or imageBuilder.image")
	case b.Pipeline != "" && b.Image != "":
		return problem("imageBuilder", "imageBuilder names a pipeline and an image", "make a source of each")
	}
	if _, err := b.Versions(); err != nil {
		return err
	}
	if b.Region != "" && !IsRegion(b.Region) {
		return problem("imageBuilder.region", fmt.Sprintf("%q is not a region", b.Region), "write it as us-east-1")
	}
	path, text, kind := "imageBuilder.pipeline", b.Pipeline, "image-pipeline"
	if b.Image != "" {
		path, text, kind = "imageBuilder.image", b.Image, "image"
	}
	if !strings.HasPrefix(text, "arn:") {
		return nil
	}
	if parts := strings.SplitN(text, ":", 5); len(parts) == 5 && !IsRegion(parts[3]) {
		return problem(path, fmt.Sprintf("%q in the ARN is not a region", parts[3]), "copy the ARN from the console, or write the name")
	}
	a, ok := ParseARN(text)
	if !ok || a.Kind != kind || !endsWell(a) {
		return problem(path, fmt.Sprintf("%q is not the ARN of an Image Builder %s", text, kind),
			"copy it from the console, or write the name")
	}
	if b.Region != "" && b.Region != a.Region {
		return problem("imageBuilder.region", fmt.Sprintf("region %s is not that of the ARN, %s", b.Region, a.Region), "drop the key")
	}
	return nil
}

// versionAndBuild are what the service takes after the name of an image, where x is any
// number: https://docs.aws.amazon.com/imagebuilder/latest/APIReference/API_GetImage.html
var versionAndBuild = regexp.MustCompile(`^(([0-9]+|x)\.){2}([0-9]+|x)/([0-9]+|x)?$`)

// endsWell tells whether what comes after the name in an ARN is what its kind has there:
// the service tells the others apart by a refusal that may be anything's.
func endsWell(a ARN) bool {
	if a.Version == "" && a.Build == "" {
		return true
	}
	return a.Kind == "image" && versionAndBuild.MatchString(a.Version+"/"+a.Build)
}

// Home returns the region that an ARN or Region names, or "".
func (b *ImageBuilder) Home() string {
	for _, text := range []string{b.Pipeline, b.Image} {
		if arn, ok := ParseARN(text); ok {
			return arn.Region
		}
	}
	return b.Region
}

// Versions returns the version range, or nil when every version will do.
func (b *ImageBuilder) Versions() (*semver.Constraints, error) {
	if b.Version == "" {
		return nil, nil
	}
	c, err := semver.NewConstraint(b.Version)
	if err != nil {
		return nil, problem("imageBuilder.version", fmt.Sprintf("%q is not a version range", b.Version), "write it as 1.x, ~1.2 or \">=1.2 <2\"")
	}
	return c, nil
}

func (a *AMI) validate() error {
	if err := checkOwners("ami.owners", a.Owners, a.DangerouslyAllowAnyOwner); err != nil {
		return err
	}
	if a.DangerouslyAllowAnyOwner && !a.AnyOwner() {
		return problem("ami.dangerouslyAllowAnyOwner", "the key is set, but owners is not any", "drop the key")
	}
	for name, values := range a.Filters {
		if len(values) == 0 {
			return problem("ami.filters."+name, "the filter has no value", "add one, or drop the filter")
		}
		if name == "owner-id" || name == "owner-alias" {
			return problem("ami.filters."+name, "owners are not named by a filter", "use ami.owners")
		}
	}
	for key, values := range a.Tags {
		if len(values) == 0 {
			return problem("ami.tags."+key, "the tag has no value", "add one, or * for any")
		}
	}
	return nil
}

func checkOwners(key string, owners List, anyAllowed bool) error {
	if owners != nil && len(owners) == 0 {
		return problem(key, "no owner: a search without one finds AMIs that anybody published under any name",
			"write the account id that you trust, or drop the key for your own account (self)")
	}
	for i, o := range owners {
		path := fmt.Sprintf("%s[%d]", key, i)
		switch {
		case o == Any && key != "ami.owners":
			return problem(path, "owner any: the AMI could be anybody's", "write the account id that you trust")
		case o == Any && !anyAllowed:
			return problem(path, "owner any: anybody can publish an AMI with a name of their choice",
				"write the account id that you trust; if you do mean it, add dangerouslyAllowAnyOwner: true")
		case o == Any && len(owners) > 1:
			return problem(path, "owner any makes the other owners meaningless", "keep one of them")
		case o == Any || slices.Contains([]string{Self, "amazon", "aws-marketplace", "aws-backup-vault"}, o):
		case !accountForm.MatchString(o):
			return problem(path, fmt.Sprintf("%q is not an owner", o), "write a 12-digit account id, self, amazon or aws-marketplace, and several as a list")
		}
	}
	return nil
}

// AnyOwner says that AMIs of every account are searched.
func (a *AMI) AnyOwner() bool { return slices.Contains(a.Owners, Any) }

func problem(path, summary, next string) *sdk.Diagnostic {
	return &sdk.Diagnostic{Severity: sdk.Error, Summary: summary, ConfigPath: path, NextStep: next}
}

// Partition returns the partition of a region by its name.
func Partition(region string) string {
	for _, p := range []struct{ prefix, name string }{
		{"cn-", "aws-cn"}, {"us-gov-", "aws-us-gov"}, {"us-isob-", "aws-iso-b"}, {"us-isof-", "aws-iso-f"},
		{"eu-isoe-", "aws-iso-e"}, {"us-iso-", "aws-iso"}, {"eusc-", "aws-eusc"},
	} {
		if strings.HasPrefix(region, p.prefix) {
			return p.name
		}
	}
	return "aws"
}

// ARN is one of Image Builder:
// arn:PARTITION:imagebuilder:REGION:ACCOUNT:KIND/NAME[/VERSION[/BUILD]].
type ARN struct {
	Text, Region, Account, Kind, Name, Version, Build string
}

// ParseARN reads an Image Builder ARN. Its region has the form of one, since it
// becomes part of a host name.
func ParseARN(text string) (ARN, bool) {
	parts := strings.SplitN(text, ":", 6)
	if len(parts) != 6 || parts[0] != "arn" || parts[2] != "imagebuilder" || !IsRegion(parts[3]) {
		return ARN{}, false
	}
	a := ARN{Text: text, Region: parts[3], Account: parts[4]}
	path := strings.Split(parts[5], "/")
	if len(path) < 2 || len(path) > 4 || path[1] == "" {
		return ARN{}, false
	}
	a.Kind, a.Name = path[0], path[1]
	if len(path) > 2 {
		a.Version = path[2]
	}
	if len(path) > 3 {
		a.Build = path[3]
	}
	return a, true
}
