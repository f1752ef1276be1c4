// Package fakeaws is a loopback stand-in for the parts of AWS that the aws
// source reads: EC2 (Query API), EC2 Image Builder (REST JSON), SSM (JSON) and
// STS (Query API). It keeps to the public API references in what clients can
// trip over: page limits, opaque page tokens, results in no order, tags that
// only the owner sees, deprecated AMIs that only the owner always sees, error
// codes and shapes of each service, throttling. The AWS CLI of the distribution
// judges it (awscli_test.go).
//
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeImages.html
// https://docs.aws.amazon.com/imagebuilder/latest/APIReference/API_Operations.html
package fakeaws

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// World is what the fake knows. It is plain data, so a test script can keep it
// in a JSON file.
type World struct {
	// Account of every caller that Keys does not name.
	Account string `json:"account"`
	// Keys are the valid access key ids and their accounts. Empty: any is valid.
	Keys map[string]string `json:"keys,omitempty"`
	// Regions that exist. Empty: any region does, and three are listed.
	Regions []Region `json:"regions,omitempty"`
	// Allow lists permitted actions (ec2:DescribeImages). Empty: all are.
	Allow []string `json:"allow,omitempty"`
	// AllowedAMIs is the account setting: "", "enabled" or "audit-mode".
	AllowedAMIs string `json:"allowedAmis,omitempty"`
	// AllowedOwners are the owner ids and aliases that the setting permits.
	AllowedOwners []string `json:"allowedOwners,omitempty"`

	AMIs       []AMI       `json:"amis,omitempty"`
	Generate   []Generate  `json:"generate,omitempty"`
	Pipelines  []Pipeline  `json:"pipelines,omitempty"`
	Builds     []Build     `json:"builds,omitempty"`
	Parameters []Parameter `json:"parameters,omitempty"`
	Roles      []Role      `json:"roles,omitempty"`
	Faults     []Fault     `json:"faults,omitempty"`
	Recorded   []Recorded  `json:"recorded,omitempty"`
	// PageSize makes pages shorter than what is asked for, as every service may;
	// EmptyPages puts an empty page with a token before each.
	PageSize   int  `json:"pageSize,omitempty"`
	EmptyPages bool `json:"emptyPages,omitempty"`
	// PrivateUnseen answers for the id of another account's private AMI with an empty
	// list and no error, as EC2 does at times
	// (github.com/aws-samples/automotive-software-developer-workbench, issue 5).
	PrivateUnseen bool `json:"privateUnseen,omitempty"`
	// Seed changes the order of results.
	Seed uint64 `json:"seed,omitempty"`
	// ClockOffset is how far the service's clock is ahead, as time.Duration text.
	ClockOffset string `json:"clockOffset,omitempty"`
}

// Region is one row of DescribeRegions.
type Region struct {
	Name string `json:"name"`
	// OptIn is opt-in-not-required (default), opted-in or not-opted-in.
	OptIn string `json:"optIn,omitempty"`
}

// AMI is one image in one region.
type AMI struct {
	Region          string            `json:"region"`
	ID              string            `json:"id"`
	Name            string            `json:"name"`
	Description     string            `json:"description,omitempty"`
	Owner           string            `json:"owner,omitempty"`      // default World.Account
	OwnerAlias      string            `json:"ownerAlias,omitempty"` // amazon, aws-marketplace
	State           string            `json:"state,omitempty"`      // default available; Unsaid leaves it out
	StateReason     string            `json:"stateReason,omitempty"`
	Architecture    string            `json:"architecture,omitempty"` // default x86_64
	CreationDate    string            `json:"creationDate"`           // 2026-01-02T03:04:05.000Z
	DeprecationTime string            `json:"deprecationTime,omitempty"`
	Public          bool              `json:"public,omitempty"`
	SharedWith      []string          `json:"sharedWith,omitempty"`
	Platform        string            `json:"platform,omitempty"` // windows or empty
	PlatformDetails string            `json:"platformDetails,omitempty"`
	ImageType       string            `json:"imageType,omitempty"` // default machine
	BootMode        string            `json:"bootMode,omitempty"`
	TPMSupport      string            `json:"tpmSupport,omitempty"`
	IMDSSupport     string            `json:"imdsSupport,omitempty"`
	Encrypted       bool              `json:"encrypted,omitempty"` // its one volume
	LastLaunched    string            `json:"lastLaunchedTime,omitempty"`
	Protection      string            `json:"deregistrationProtection,omitempty"` // default disabled
	SourceImage     string            `json:"sourceImageId,omitempty"`            // what it is a copy of, or its instance was launched from
	SourceInstance  string            `json:"sourceInstanceId,omitempty"`         // what it was made from
	SourceRegion    string            `json:"sourceImageRegion,omitempty"`        // where that is
	Tags            map[string]string `json:"tags,omitempty"`
	// HiddenCalls is how many DescribeImages calls in its region pass before it
	// shows: eventual consistency.
	HiddenCalls int `json:"hiddenCalls,omitempty"`
}

// Generate makes Count AMIs of the caller's account in Region.
type Generate struct {
	Region string `json:"region"`
	Count  int    `json:"count"`
	Name   string `json:"name,omitempty"` // prefix, default golden
}

// Pipeline is an Image Builder pipeline.
type Pipeline struct {
	Region  string `json:"region"`
	Name    string `json:"name"`
	Account string `json:"account,omitempty"`
}

// ARN of the pipeline.
func (p Pipeline) ARN() string {
	return arn(p.Region, p.Account, "image-pipeline/"+arnName(p.Name))
}

// Build is one Image Builder image build version.
type Build struct {
	Region          string            `json:"region"`
	Pipeline        string            `json:"pipeline,omitempty"`
	Name            string            `json:"name"`
	Version         string            `json:"version"` // 1.0.0
	Build           int               `json:"build"`
	Status          string            `json:"status,omitempty"` // default AVAILABLE
	StatusReason    string            `json:"statusReason,omitempty"`
	Type            string            `json:"type,omitempty"`     // AMI (default) or DOCKER
	Platform        string            `json:"platform,omitempty"` // default Linux
	OSVersion       string            `json:"osVersion,omitempty"`
	DateCreated     string            `json:"dateCreated"`
	DeprecationTime string            `json:"deprecationTime,omitempty"`
	Account         string            `json:"account,omitempty"`
	SharedWith      []string          `json:"sharedWith,omitempty"`
	Tags            map[string]string `json:"tags,omitempty"`
	Outputs         []Output          `json:"outputs,omitempty"`
	// BuildType is who began it, such as SCHEDULED; empty: the answer carries none.
	BuildType string `json:"buildType,omitempty"`
	// HiddenCalls is how many list calls pass before it shows.
	HiddenCalls int `json:"hiddenCalls,omitempty"`
}

// Unsaid is the State of an AMI that EC2 does not tell: the field is optional.
const Unsaid = "unsaid"

// Output is one AMI that a build was distributed to.
type Output struct {
	Region  string `json:"region"`
	AMI     string `json:"ami"`
	Name    string `json:"name,omitempty"`
	Account string `json:"account,omitempty"`
	// Status of the AMI by itself. Empty: the answer carries none, as those of the
	// service do (recorded/list-image-build-versions.json).
	Status string `json:"status,omitempty"`
	Reason string `json:"reason,omitempty"`
}

// VersionARN names the semantic version of a build.
func (b Build) VersionARN() string {
	return arn(b.Region, b.Account, "image/"+arnName(b.Name)+"/"+b.Version)
}

// ARN names the build.
func (b Build) ARN() string { return fmt.Sprintf("%s/%d", b.VersionARN(), b.Build) }

// Parameter is an SSM parameter of type String.
type Parameter struct {
	Region string `json:"region"`
	Name   string `json:"name"`
	Value  string `json:"value"`
}

// Role can be assumed; the caller then is of the role's account.
type Role struct {
	ARN        string `json:"arn"`
	ExternalID string `json:"externalId,omitempty"`
}

// Recorded is an answer of the real service, which calls of an action get as it is.
type Recorded struct {
	Service string          `json:"service"`
	Action  string          `json:"action"`
	Region  string          `json:"region"`
	Answer  json.RawMessage `json:"answer,omitempty"`
	// File holds Answer; Command fakeaws reads it, beside the world's own file.
	File string `json:"file,omitempty"`
}

// Fault makes calls fail. The empty fields match every call.
type Fault struct {
	Service string `json:"service,omitempty"` // ec2, imagebuilder, ssm, sts
	Action  string `json:"action,omitempty"`
	Region  string `json:"region,omitempty"`
	Account string `json:"account,omitempty"` // of the caller
	// Kind is throttle, hang, expireToken, serverError, deny, unknownKey, expiredCredentials,
	// leakSignature, closeConnection, truncate (half an answer and a connection
	// that breaks), cut (half an answer that ends as a whole one does), empty, prolog
	// (what stands before the first element) or, as captive portals and some proxies
	// answer, webPage, xmlPage, text (status 200) and noContent.
	Kind string `json:"kind"`
	// Every: only the first try of each n-th matching call. Zero means each one. A
	// try again is the same call, so what comes at the same time changes nothing.
	Every int `json:"every,omitempty"`
	// FromPage: only calls that continue a listing and are at least its n-th
	// page (2 is the first that carries a token).
	FromPage int `json:"fromPage,omitempty"`
	// Times: at most so often. Zero means no limit.
	Times int `json:"times,omitempty"`
}

func (w *World) complete() error {
	if w.Account == "" {
		w.Account = "111122223333"
	}
	for _, g := range w.Generate {
		w.AMIs = append(w.AMIs, generate(g)...)
	}
	for i := range w.AMIs {
		a := &w.AMIs[i]
		if a.Region == "" || a.ID == "" || a.CreationDate == "" {
			return fmt.Errorf("amis[%d]: region, id and creationDate are needed", i)
		}
		setDefault(&a.Owner, w.Account)
		setDefault(&a.State, "available")
		setDefault(&a.Architecture, "x86_64")
		setDefault(&a.ImageType, "machine")
		setDefault(&a.PlatformDetails, "Linux/UNIX")
		setDefault(&a.Protection, "disabled")
	}
	for i := range w.Pipelines {
		setDefault(&w.Pipelines[i].Account, w.Account)
	}
	for i := range w.Builds {
		b := &w.Builds[i]
		if b.Region == "" || b.Name == "" || b.Version == "" || b.Build < 1 {
			return fmt.Errorf("builds[%d]: region, name, version and build are needed", i)
		}
		setDefault(&b.Account, w.Account)
		setDefault(&b.Status, "AVAILABLE")
		setDefault(&b.Type, "AMI")
		setDefault(&b.Platform, "Linux")
		for j := range b.Outputs {
			setDefault(&b.Outputs[j].Account, b.Account)
			setDefault(&b.Outputs[j].Name, b.Name+" "+b.Version)
		}
	}
	return nil
}

// generate makes AMIs that look like those of Kubernetes Image Builder, one an
// hour, back from a fixed time.
func generate(g Generate) []AMI {
	setDefault(&g.Name, "golden")
	last := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	amis := make([]AMI, g.Count)
	for i := range amis {
		at := last.Add(-time.Duration(i) * time.Hour)
		amis[i] = AMI{
			Region:       g.Region,
			ID:           fmt.Sprintf("ami-%017x", i+1),
			Name:         fmt.Sprintf("%s-ubuntu-24.04-1.30.%d-%d", g.Name, i%9, at.Unix()),
			CreationDate: at.Format("2006-01-02T15:04:05.000Z"),
			BootMode:     "uefi-preferred",
			Tags: map[string]string{
				"Name": "golden", "distribution": "Ubuntu", "distribution_version": "24.04",
				"distribution_release": "noble", "kubernetes_version": fmt.Sprintf("v1.30.%d", i%9),
				"build_timestamp": fmt.Sprint(at.Unix()), "image_builder_version": "v0.1.38",
				"source_ami": "ami-0aaaaaaaaaaaaaaaa", "team": "platform",
			},
		}
	}
	return amis
}

func setDefault(s *string, value string) {
	if *s == "" {
		*s = value
	}
}

func arn(region, account, resource string) string {
	return fmt.Sprintf("arn:%s:imagebuilder:%s:%s:%s", partition(region), region, account, resource)
}

// arnName spells a name as Image Builder does in ARNs.
func arnName(name string) string {
	return strings.ReplaceAll(strings.ToLower(name), " ", "-")
}

func partition(region string) string {
	switch {
	case strings.HasPrefix(region, "cn-"):
		return "aws-cn"
	case strings.HasPrefix(region, "us-gov-"):
		return "aws-us-gov"
	}
	return "aws"
}
