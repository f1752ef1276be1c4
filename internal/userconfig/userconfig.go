// Package userconfig holds the user's own configuration file,
// $XDG_CONFIG_HOME/byoos/config.yaml: what a spec of a cloned repository must
// not say, such as endpoints and plugin folders.
package userconfig

import (
	"bytes"
	"cmp"
	_ "embed" // for the schema
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"syscall"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/ownership"
	"github.com/kubectl-byoos/kubectl-byoos/internal/schemacheck"
	"github.com/kubectl-byoos/kubectl-byoos/internal/yamldoc"
)

// Version and kind of the file.
const (
	APIVersion = "byoos.dev/v1alpha1"
	Kind       = "Config"
)

// Config is the whole file.
type Config struct {
	APIVersion string `json:"apiVersion" jsonschema:"required,enum=byoos.dev/v1alpha1"`
	Kind       string `json:"kind" jsonschema:"required,enum=Config"`
	// Palette is the Palette that diff and apply talk to.
	Palette Palette `json:"palette,omitempty"`
	// PluginDirs are searched after those of --plugin-dir; absolute paths.
	PluginDirs []string `json:"pluginDirs,omitempty"`
	// Plugins holds settings by plugin type; the plugin's page names them.
	Plugins map[string]map[string]any `json:"plugins,omitempty"`
}

// Palette says where Palette is; the key has no place in a file of settings.
type Palette struct {
	// Host is a name, or an https URL.
	Host string `json:"host,omitempty"`
	// Project of targets that name none.
	Project string `json:"project,omitempty"`
	// CAFile has PEM certificates to trust as well; an absolute path.
	CAFile string `json:"caFile,omitempty"`
}

// Load reads the file at path. A file that is not there is an empty
// configuration; one that is wrong is a usage error with line numbers. So is one
// that others may write: it says what is executed and where credentials go.
func Load(path string) (*Config, error) {
	file, info, err := ownership.OpenRegular(path)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		// A home of /dev/null is that of a user who has none.
		return &Config{}, nil
	}
	if err != nil {
		return nil, unreadable(path, err)
	}
	defer func() { _ = file.Close() }()
	if err := ownership.Private(path, info); err != nil {
		return nil, untrusted(path, err)
	}
	data, err := io.ReadAll(file)
	if err != nil {
		return nil, unreadable(path, err)
	}
	return Parse(path, data)
}

func unreadable(path string, err error) error {
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		err = pathErr.Err
	}
	return &failure.Error{Code: failure.ExitUsage, Summary: "cannot read your configuration " + path, Err: err}
}

func untrusted(path string, err error) error {
	e := &failure.Error{Code: failure.ExitUsage, Summary: "your configuration " + path + " is not trusted", Err: err}
	var others ownership.Error
	if errors.As(err, &others) {
		e.Next = cmp.Or(others.Next(), "copy it to a file of your own")
	}
	return e
}

// Parse checks and decodes the file's content; name is used in messages.
func Parse(name string, data []byte) (*Config, error) {
	schema, err := schemacheck.Compile(schemaJSON)
	if err != nil {
		return nil, err
	}
	root, problems := yamldoc.Read(data)
	if root != nil {
		problems = schema.Check(root)
	}
	if len(problems) > 0 {
		return nil, &failure.Error{
			Code: failure.ExitUsage, Summary: name + " is not valid", Next: "correct the lines above", Details: yamldoc.Lines(name, problems),
		}
	}
	config := &Config{}
	if err := root.Decode(config); err != nil {
		return nil, fmt.Errorf("cannot decode %s: %w", name, err)
	}
	return config, config.checkPaths(name)
}

// checkPaths refuses relative paths: they would lead below the working
// directory, which may be a cloned repository, and plugins are executed.
func (c *Config) checkPaths(name string) error {
	e := &failure.Error{Code: failure.ExitUsage, Summary: name + " is not valid", Next: "write absolute paths"}
	check := func(key, path string) {
		if !filepath.IsAbs(path) {
			e.Details = append(e.Details, fmt.Sprintf("%s: %s: %q is not an absolute path", name, key, path))
		}
	}
	for i, dir := range c.PluginDirs {
		check(fmt.Sprintf("pluginDirs[%d]", i), dir)
	}
	if c.Palette.CAFile != "" {
		check("palette.caFile", c.Palette.CAFile)
	}
	if len(e.Details) > 0 {
		return e
	}
	return nil
}

//go:generate go test -run "^TestSchemaFile$" -update .

//go:embed schema.json
var schemaJSON []byte

// Schema returns the file's JSON Schema, which a test generates from the types.
func Schema() []byte { return bytes.Clone(schemaJSON) }
