package compute

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-azure/internal/arm"
)

// Definition is an image definition as one's own gallery has it. Every field is optional in
// Azure's answers, here and below.
type Definition struct {
	ID, Name   string
	Tags       map[string]string
	Properties DefinitionProperties
}

// DefinitionProperties are what a definition in a gallery of any kind has.
type DefinitionProperties struct {
	OSType, OSState, Architecture, HyperVGeneration string

	EndOfLifeDate arm.Date
	Features      []Feature
	PurchasePlan  struct{ Publisher, Product, Name string }
	Disallowed    struct{ DiskTypes []string }
}

// foreignDefinition is a definition as somebody else's gallery has it.
type foreignDefinition struct {
	Name       string
	Identifier struct{ UniqueID string }
	Properties struct {
		DefinitionProperties
		ArtifactTags map[string]string
	}
}

func (f foreignDefinition) own() Definition {
	return Definition{ID: f.Identifier.UniqueID, Name: f.Name, Tags: f.Properties.ArtifactTags, Properties: f.Properties.DefinitionProperties}
}

// Feature is what a definition says of its versions, from one of them on.
type Feature struct{ Name, Value, StartsAtVersion string }

// Linux says whether packs can use the definition's versions at all.
func (d Definition) Linux() bool {
	return d.Properties.OSType == "" || strings.EqualFold(d.Properties.OSType, "Linux")
}

// feature returns the value of a feature for a version; empty when it has none.
func (d Definition) feature(name, version string) string {
	for _, f := range d.Properties.Features {
		if strings.EqualFold(f.Name, name) && (f.StartsAtVersion == "" || CompareVersions(version, f.StartsAtVersion) >= 0) {
			return f.Value
		}
	}
	return ""
}

// purchasePlan is publisher/product/plan.
func (d Definition) purchasePlan() string {
	p := d.Properties.PurchasePlan
	parts := []string{p.Publisher, p.Product, p.Name}
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), "/")
}

// Version is a version of a definition as one's own gallery has it.
type Version struct {
	ID, Name, Location string
	Tags               map[string]string
	Properties         struct {
		ProvisioningState string
		PublishingProfile publishing
		SafetyProfile     struct{ ReportedForPolicyViolation *bool }
		ReplicationStatus replication
	}
}

// foreignVersion is a version as somebody else's gallery has it.
type foreignVersion struct {
	Name       string
	Identifier struct{ UniqueID string }
	Properties struct {
		PublishedDate, EndOfLifeDate arm.Date
		ExcludeFromLatest            *bool
		ArtifactTags                 map[string]string
	}
}

func (f foreignVersion) own() Version {
	v := Version{ID: f.Identifier.UniqueID, Name: f.Name, Tags: f.Properties.ArtifactTags}
	p := &v.Properties.PublishingProfile
	p.PublishedDate, p.EndOfLifeDate, p.ExcludeFromLatest = f.Properties.PublishedDate, f.Properties.EndOfLifeDate, f.Properties.ExcludeFromLatest
	return v
}

type publishing struct {
	PublishedDate, EndOfLifeDate arm.Date
	ExcludeFromLatest            *bool
	ReplicationMode              string
	TargetRegions                []*Target
}

// Target is a region that a version is to be in.
type Target struct {
	Name              string
	ExcludeFromLatest *bool
}

type replication struct {
	AggregatedState string
	Summary         []regional
}

type regional struct {
	Region, State string
	Progress      *int
}

// ManagedImage is a managed image.
type ManagedImage struct {
	ID, Name, Location string
	Tags               map[string]string
	SystemData         struct{ CreatedAt arm.Date }
	Properties         struct {
		ProvisioningState, HyperVGeneration string

		StorageProfile struct {
			OSDisk struct{ OSType, OSState string }
		}
	}
}

// CompareVersions compares versions as Azure writes them, MAJOR.MINOR.PATCH.
func CompareVersions(a, b string) int {
	return slices.CompareFunc(strings.Split(a, "."), strings.Split(b, "."), func(x, y string) int {
		m, errM := strconv.ParseUint(x, 10, 64)
		n, errN := strconv.ParseUint(y, 10, 64)
		if errM != nil || errN != nil {
			return cmp.Compare(x, y)
		}
		return cmp.Compare(m, n)
	})
}
