package main

import (
	"bytes"
	"fmt"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"time"

	cdx "github.com/CycloneDX/cyclonedx-go"
)

// billOfMaterials returns a CycloneDX document of an archive: the archive holds
// programs, and each depends on modules. It has no serial number, and its time
// is that of the commit, so that it can be made again.
func billOfMaterials(o options, programs []program, modules []module) ([]byte, error) {
	sum, err := sumOf(o.out + ".tar.gz")
	if err != nil {
		return nil, err
	}
	name := filepath.Base(o.out) + ".tar.gz"
	bom := cdx.NewBOM()
	bom.Metadata = &cdx.Metadata{
		Timestamp: time.Unix(o.epoch, 0).UTC().Format(time.RFC3339),
		Component: &cdx.Component{
			BOMRef: name, Type: cdx.ComponentTypeFile, Name: name, Version: o.version, Hashes: sha256Of(sum), Licenses: licenceIDs("Apache-2.0"),
		},
	}
	contents := make([]string, len(programs))
	components := make([]cdx.Component, 0, len(programs)+len(modules))
	dependencies := []cdx.Dependency{{Ref: name, Dependencies: &contents}}
	for i, p := range programs {
		contents[i] = p.path
		components = append(components, cdx.Component{
			BOMRef: p.path, Type: cdx.ComponentTypeApplication, Name: p.path, Version: o.version,
			PackageURL: p.purl(o.version), Hashes: sha256Of(p.sha256), Licenses: licenceIDs("Apache-2.0"),
		})
		dependencies = append(dependencies, cdx.Dependency{Ref: p.path, Dependencies: usedBy(p.path, modules)})
	}
	for _, m := range modules {
		components = append(components, cdx.Component{
			BOMRef: m.purl(), Type: cdx.ComponentTypeLibrary, Name: m.path, Version: m.version,
			PackageURL: m.purl(), Hashes: sha256Of(m.sum), Licenses: licenceIDs(m.ids()...),
		})
	}
	bom.Components, bom.Dependencies = &components, &dependencies
	var b bytes.Buffer
	err = cdx.NewBOMEncoder(&b, cdx.BOMFileFormatJSON).SetPretty(true).EncodeVersion(bom, cdx.SpecVersion1_6)
	return b.Bytes(), err
}

func usedBy(program string, modules []module) *[]string {
	used := []string{}
	for _, m := range modules {
		if slices.Contains(m.users, program) {
			used = append(used, m.purl())
		}
	}
	return &used
}

// purl returns the name of a program's package as https://github.com/package-url
// writes it: the folder of the program follows after #.
func (p program) purl(version string) string {
	main := p.info.Main.Path
	qualifiers := url.Values{"goos": {p.setting("GOOS")}, "goarch": {p.setting("GOARCH")}, "type": {"module"}}
	return fmt.Sprintf("pkg:golang/%s@%s?%s#%s", main, purlVersion(version), qualifiers.Encode(), strings.TrimPrefix(p.info.Path, main+"/"))
}

// purl of a module, in the letters of its path, as other writers for Go keep them.
func (m module) purl() string {
	return fmt.Sprintf("pkg:golang/%s@%s?type=module", m.path, purlVersion(strings.TrimPrefix(m.version, "go")))
}

// purlVersion writes a version such as v2.0.0+incompatible.
func purlVersion(version string) string { return strings.ReplaceAll(version, "+", "%2B") }

func sha256Of(sum string) *[]cdx.Hash {
	if sum == "" {
		return nil
	}
	return &[]cdx.Hash{{Algorithm: cdx.HashAlgoSHA256, Value: sum}}
}

func licenceIDs(ids ...string) *cdx.Licenses {
	var list cdx.Licenses
	for _, id := range ids {
		list = append(list, cdx.LicenseChoice{License: &cdx.License{ID: id}})
	}
	return &list
}
