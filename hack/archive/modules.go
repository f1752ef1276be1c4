package main

import (
	"cmp"
	"context"
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
)

// program is a built program of the archive.
type program struct {
	// path is its place in the archive, with slashes.
	path   string
	sha256 string
	info   *buildinfo.BuildInfo
}

// module is what programs of others bring: a Go module, or Go's standard library.
type module struct {
	path, version string
	// sum is the SHA-256 that go.sum has, in hex; empty for the standard library.
	sum string
	// users are the paths of the programs that it is linked into.
	users    []string
	licences []licence
}

// standard is the path of the standard library, as purls call it.
const standard = "std"

// readPrograms returns the Go programs below a folder, ordered by path.
func readPrograms(stage string) ([]program, error) {
	var programs []program
	err := filepath.WalkDir(stage, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := os.ReadFile(path) //nolint:gosec // the folder that was just built
		if err != nil {
			return err
		}
		info, err := buildinfo.ReadFile(path)
		if err != nil {
			return nil //nolint:nilerr // LICENSE and the like are no programs
		}
		relative, err := filepath.Rel(stage, path)
		sum := sha256.Sum256(data)
		programs = append(programs, program{path: filepath.ToSlash(relative), sha256: hex.EncodeToString(sum[:]), info: info})
		return err
	})
	if err == nil && len(programs) == 0 {
		err = fmt.Errorf("%s holds no Go program", stage)
	}
	return programs, err
}

// setting returns a setting of a program's build, such as GOOS.
func (p program) setting(key string) string {
	for _, s := range p.info.Settings {
		if s.Key == key {
			return s.Value
		}
	}
	return ""
}

// linkedModules returns the modules of others in programs, ordered by path. The
// programs tell which; the module cache has their licences.
func linkedModules(ctx context.Context, programs []program) ([]module, error) {
	byPath := map[string]*module{}
	for _, p := range programs {
		deps := append([]*debug.Module{{Path: standard, Version: p.info.GoVersion}}, p.info.Deps...)
		for _, dep := range deps {
			if dep.Replace != nil {
				return nil, fmt.Errorf("%s has module %s replaced: a release is built from what the proxy serves", p.path, dep.Path)
			}
			m := cmp.Or(byPath[dep.Path], &module{path: dep.Path, version: dep.Version})
			if m.version != dep.Version {
				return nil, fmt.Errorf("%s has %s %s, and %s has %s: build all of a release together", m.users[0], m.path, m.version, p.path, dep.Version)
			}
			var err error
			if m.sum, err = hexSum(dep.Sum); err != nil {
				return nil, fmt.Errorf("%s: %w", dep.Path, err)
			}
			m.users = append(m.users, p.path)
			byPath[dep.Path] = m
		}
	}
	folders, err := linkedFolders(ctx, programs)
	if err != nil {
		return nil, err
	}
	var modules []module
	var failed []error
	for path, m := range byPath {
		m.licences, err = licencesOf(path, folders[path])
		failed = append(failed, err)
		modules = append(modules, *m)
	}
	slices.SortFunc(modules, func(a, b module) int { return cmp.Compare(a.path, b.path) })
	return modules, errors.Join(failed...)
}

// hexSum turns the h1: sum of go.sum, a SHA-256 in base64, into hex.
func hexSum(sum string) (string, error) {
	if sum == "" {
		return "", nil
	}
	raw, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(sum, "h1:"))
	return hex.EncodeToString(raw), err
}

// folder is a module on this machine, with the folders of its packages that are
// linked.
type folder struct {
	root     string
	packages []string
}

// linkedFolders returns where the modules of programs lie, by the modules' paths.
func linkedFolders(ctx context.Context, programs []program) (map[string]folder, error) {
	args := []string{"list", "-deps", "-json=Dir,Standard,Module"}
	for _, p := range programs {
		args = append(args, p.info.Path)
	}
	list := exec.CommandContext(ctx, "go", args...)
	list.Env = append(os.Environ(), "GOOS="+programs[0].setting("GOOS"), "GOARCH="+programs[0].setting("GOARCH"), "CGO_ENABLED=0")
	list.Stderr = os.Stderr
	out, err := list.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w", err)
	}
	goroot, err := exec.CommandContext(ctx, "go", "env", "GOROOT").Output()
	if err != nil {
		return nil, fmt.Errorf("go env: %w", err)
	}
	folders := map[string]folder{standard: {root: strings.TrimSpace(string(goroot))}}
	decoder := json.NewDecoder(strings.NewReader(string(out)))
	for {
		var p struct {
			Dir      string
			Standard bool
			Module   *struct{ Path, Dir string }
		}
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return folders, nil
		} else if err != nil {
			return nil, fmt.Errorf("read the output of go list: %w", err)
		}
		if p.Standard || p.Module == nil {
			continue
		}
		f := folders[p.Module.Path]
		folders[p.Module.Path] = folder{p.Module.Dir, append(f.packages, p.Dir)}
	}
}
