package options

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"go.yaml.in/yaml/v3"

	"github.com/kubectl-byoos/kubectl-byoos/internal/cli/invocation"
	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/ownership"
)

// A login has some kilobytes.
const maxLoginBytes = 1 << 20

// paletteLogin is where the Palette CLI is logged in.
type paletteLogin struct {
	found         bool
	host, project string
	// err tells that there is a login that cannot be read.
	err error
}

// loginContent is what of the Palette CLI's file is read.
type loginContent struct {
	PaletteConfig struct {
		ProjectName string `yaml:"projectName"`
		Mgmt        struct {
			Endpoint string `yaml:"endpoint"`
		} `yaml:"mgmt"`
	} `yaml:"paletteConfig"`
}

// cliLogin reads where the Palette CLI is logged in. Its key is encrypted and
// stays unread.
// https://docs.spectrocloud.com/automation/palette-cli/commands/login
func cliLogin(inv *invocation.Invocation) paletteLogin {
	home := cmp.Or(inv.Getenv("HOME"), inv.Getenv("USERPROFILE"))
	if !filepath.IsAbs(home) {
		return paletteLogin{}
	}
	path := filepath.Join(home, ".palette", "palette.yaml")
	if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
		return paletteLogin{}
	}
	content, why := readLogin(path)
	if why != "" {
		return paletteLogin{err: failure.Usage(
			"correct or remove it; or say with --palette-host, and --project or --tenant, what it would say",
			"%s, the Palette CLI's login, %s", path, why)}
	}
	return paletteLogin{found: true, host: content.PaletteConfig.Mgmt.Endpoint, project: content.PaletteConfig.ProjectName}
}

// readLogin says why a login is not known, in words that have nothing of the file:
// it holds secrets. Only a regular file is opened, as a pipe would hold up the run.
func readLogin(path string) (content loginContent, why string) {
	file, _, err := ownership.OpenRegular(path)
	if err != nil {
		return content, "cannot be read: " + cause(err).Error()
	}
	defer func() { _ = file.Close() }()
	data, err := io.ReadAll(io.LimitReader(file, maxLoginBytes+1))
	switch {
	case err != nil:
		return content, "cannot be read: " + cause(err).Error()
	case len(data) > maxLoginBytes:
		return content, fmt.Sprintf("is longer than %d bytes, as no login is", maxLoginBytes)
	}
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	if err := decoder.Decode(&content); err != nil && !errors.Is(err, io.EOF) {
		return content, "is not YAML as that program writes it"
	}
	if err := decoder.Decode(&loginContent{}); !errors.Is(err, io.EOF) {
		return content, "holds more than one document"
	}
	// Every login is one to a host; a file without it is in a form that is not known.
	if content.PaletteConfig.Mgmt.Endpoint == "" {
		return content, "names no paletteConfig.mgmt.endpoint"
	}
	return content, ""
}
