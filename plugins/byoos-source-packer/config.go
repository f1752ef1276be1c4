package main

import (
	"fmt"
	"path"
	"regexp"
	"strings"
	"time"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-packer/internal/images"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
)

// config is the source's configuration in a spec. docs/sources/packer.md is its
// reference.
type config struct {
	Manifest  string   `json:"manifest,omitempty" jsonschema:"example=packer-manifest.json" jsonschema_description:"Manifest to read: a file, a pattern (*, ?, [..], {..}, **) or a directory."`
	Manifests []string `json:"manifests,omitempty" jsonschema_description:"Several manifests, each as in manifest."`
	Runs      string   `json:"runs,omitempty" jsonschema:"default=latest" jsonschema_description:"Builds of which runs: latest, all, or a packer_run_uuid."`
	Names     []string `json:"names,omitempty" jsonschema_description:"Build names to read, each a name or a pattern (*, ?, [..]). Every build when empty."`
	Wait      string   `json:"wait,omitempty" jsonschema:"default=2s" jsonschema_description:"How long to wait for a manifest that Packer is writing, such as 2s or 1m."`

	Region            string     `json:"region,omitempty" jsonschema_description:"Region of images whose artifact id does not say it, such as Azure's."`
	Project           string     `json:"project,omitempty" jsonschema_description:"Google Cloud project of the images of googlecompute."`
	Datacenter        string     `json:"datacenter,omitempty" jsonschema_description:"vSphere datacenter of the templates of the vsphere builders."`
	Folder            string     `json:"folder,omitempty" jsonschema_description:"vSphere folder of the templates, or / when they are in none."`
	Architecture      string     `json:"architecture,omitempty" jsonschema_description:"Architecture of images whose build does not say it."`
	OS                osDefaults `json:"os,omitempty" jsonschema_description:"Operating system of images whose build does not say it."`
	KubernetesVersion string     `json:"kubernetesVersion,omitempty" jsonschema_description:"Kubernetes version of images whose build does not say it."`

	CustomData images.Keys `json:"customData,omitempty" jsonschema_description:"Which keys of your custom_data hold what. Keys of Kubernetes Image Builder are known."`
}

type osDefaults struct {
	Name    string `json:"name,omitempty" jsonschema_description:"Distribution, such as rhel."`
	Version string `json:"version,omitempty" jsonschema_description:"Version of the distribution, such as 8."`
}

const (
	runsLatest = "latest"
	runsAll    = "all"
)

func (c config) defaults() images.Defaults {
	return images.Defaults{
		Region: c.Region, Project: c.Project, Datacenter: c.Datacenter, Folder: c.Folder,
		Architecture: c.Architecture, OSName: c.OS.Name, OSVersion: c.OS.Version,
		KubernetesVersion: c.KubernetesVersion,
	}
}

// entry is one configured place of manifests.
type entry struct{ configPath, pattern string }

func (c config) entries() ([]entry, error) {
	if c.Manifest != "" && len(c.Manifests) > 0 {
		return nil, misconfigured("manifests", "manifest and manifests are both set", "put every manifest into manifests")
	}
	if c.Manifest != "" {
		return []entry{{"manifest", c.Manifest}}, nil
	}
	if len(c.Manifests) == 0 {
		return nil, misconfigured("manifest", "no manifest is named", "set manifest to the output of Packer's manifest post-processor")
	}
	var entries []entry
	for i, pattern := range c.Manifests {
		at := fmt.Sprintf("manifests[%d]", i)
		if pattern == "" {
			return nil, misconfigured(at, "the manifest's name is empty", "name a file, a pattern or a directory")
		}
		entries = append(entries, entry{at, pattern})
	}
	return entries, nil
}

func (c config) wait() (time.Duration, error) {
	if c.Wait == "" {
		return 2 * time.Second, nil
	}
	wait, err := time.ParseDuration(c.Wait)
	if err != nil || wait < 0 {
		return 0, misconfigured("wait", fmt.Sprintf("%q is not a duration", c.Wait), "write it as 2s or 1m")
	}
	return wait, nil
}

var runUUID = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

// runs returns latest, all, or a run's uuid.
func (c config) runs() (string, error) {
	switch {
	case c.Runs == "":
		return runsLatest, nil
	case c.Runs == runsLatest, c.Runs == runsAll, runUUID.MatchString(c.Runs):
		return c.Runs, nil
	}
	return "", misconfigured("runs", fmt.Sprintf("%q is neither latest, all nor a packer_run_uuid", c.Runs),
		"write latest, all, or copy a packer_run_uuid from the manifest")
}

// reads tells whether the builds of a run are wanted, of those that were read.
func (c config) reads(run string) bool {
	return c.Runs == runsLatest || c.Runs == runsAll || strings.EqualFold(run, c.Runs)
}

func (c config) checkNames() error {
	for i, pattern := range c.Names {
		if _, err := path.Match(pattern, ""); err != nil {
			return misconfigured(fmt.Sprintf("names[%d]", i), fmt.Sprintf("%q is not a pattern", pattern), "close the bracket, or write a plain name")
		}
	}
	return nil
}

// wanted tells whether the names filter lets a build through.
func (c config) wanted(name string) bool {
	for _, pattern := range c.Names {
		if ok, _ := path.Match(pattern, name); ok || pattern == name {
			return true
		}
	}
	return len(c.Names) == 0
}

func misconfigured(at, summary, next string) error {
	return &sdk.Diagnostic{Severity: sdk.Error, Summary: summary, ConfigPath: at, NextStep: next}
}
