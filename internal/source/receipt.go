package source

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/kubectl-byoos/kubectl-byoos/internal/handshake"

	"go.yaml.in/yaml/v3"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/ownership"
	"github.com/kubectl-byoos/kubectl-byoos/internal/wholefile"
	"github.com/kubectl-byoos/kubectl-byoos/internal/yamldoc"
)

// Receipt is the record of an installed plugin, beside its file.
type Receipt struct {
	APIVersion string `yaml:"apiVersion"`
	Kind       string `yaml:"kind"`
	Type       string `yaml:"type"`
	Version    string `yaml:"version"`
	// SHA256 is the digest, in hex, that the file must have at every start.
	SHA256      string    `yaml:"sha256"`
	InstalledAt time.Time `yaml:"installedAt"`
	// From is the file that was installed.
	From string `yaml:"from"`
}

const (
	receiptAPIVersion = "byoos.dev/v1alpha1"
	receiptKind       = "PluginReceipt"
)

const maxReceipt = 64 << 10 // bytes

var sha256Pattern = regexp.MustCompile(`^[0-9a-f]{64}$`)

func receiptPath(pluginPath string) string {
	return strings.TrimSuffix(pluginPath, ".exe") + ".receipt.yaml"
}

func readReceipt(path string) (*Receipt, error) {
	f, info, err := ownership.OpenRegular(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	if err := ownership.NotWritableByOthers(path, info); err != nil {
		return nil, err
	}
	if info.Size() > maxReceipt {
		return nil, fmt.Errorf("%s is too large for a receipt", path)
	}
	b, err := io.ReadAll(f)
	if err != nil {
		return nil, err
	}
	return parseReceipt(b)
}

// inYAML replaces what a text in YAML does not hold or ends a line with: the library of an
// earlier version wrote such characters of a path as they are.
func inYAML(r rune) rune {
	if unicode.IsControl(r) && !strings.ContainsRune("\t\n\r", r) || strings.ContainsRune("\u2028\u2029\ufffe\uffff", r) {
		return utf8.RuneError
	}
	return r
}

func parseReceipt(b []byte) (*Receipt, error) {
	var r Receipt
	d := yaml.NewDecoder(bytes.NewReader(yamldoc.Readable(bytes.Map(inYAML, b))))
	d.KnownFields(true)
	if err := d.Decode(&r); err != nil {
		return nil, errors.New("it is not valid YAML for a receipt")
	}
	switch {
	case r.APIVersion != receiptAPIVersion || r.Kind != receiptKind:
		return nil, fmt.Errorf("it is %q %q, not %q %q", r.APIVersion, r.Kind, receiptAPIVersion, receiptKind)
	case !sha256Pattern.MatchString(r.SHA256):
		return nil, errors.New("it has no SHA-256 digest")
	}
	return &r, nil
}

// Install copies a plugin into the user's data directory and writes a receipt
// with its digest: from now on it is trusted as long as it does not change. A
// plugin that cannot describe itself is refused, and what was installed before
// stays.
func (h *Host) Install(ctx context.Context, path string) (*Plugin, error) {
	typ, ok := typeOf(filepath.Base(path))
	if !ok {
		return nil, failure.Usage("name it "+handshake.FilePrefix+"<type>, the type in lower case",
			"%s is not named as a plugin is", path)
	}
	dir := h.userDir()
	if dir == "" {
		return nil, failure.Usage("set HOME or XDG_DATA_HOME", "there is no data directory to install plugins in")
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, installFailure(path, cannotWrite(dir, err))
	}
	if err := fitToInstall(dir, h.options.Now()); err != nil {
		return nil, installFailure(path, err)
	}
	temporary, sum, err := copyPlugin(ctx, path, dir)
	switch {
	case err != nil && ctx.Err() != nil:
		return nil, interrupted(ctx)
	case err != nil:
		return nil, installFailure(path, err)
	}
	defer func() { _ = os.RemoveAll(temporary) }()
	copied := filepath.Join(temporary, filepath.Base(path))

	candidate := &Plugin{Type: typ, Path: copied, entry: copied, Origin: OriginUser, Digest: "sha256:" + sum, sum: sum}
	description, _, err := h.runDescribe(ctx, candidate)
	if err != nil {
		return nil, installFailure(path, renamed(err, copied, path))
	}
	candidate.Description = description
	target := filepath.Join(dir, filepath.Base(path))
	receipt, err := yaml.Marshal(Receipt{
		APIVersion: receiptAPIVersion, Kind: receiptKind, Type: typ, Version: description.GetVersion(),
		SHA256: sum, InstalledAt: h.options.Now().UTC().Truncate(time.Second), From: path,
	})
	if err != nil {
		return nil, installFailure(path, err)
	}
	if len(receipt) > maxReceipt {
		return nil, installFailure(path, errors.New("its version or its path is too long for a receipt"))
	}
	// Between the two steps file and receipt do not match, so nothing runs.
	if err := os.Rename(copied, target); err != nil {
		return nil, installFailure(path, cannotWrite(dir, err))
	}
	if err := wholefile.Write(receiptPath(target), receipt, 0o644); err != nil {
		return nil, installFailure(path, cannotWrite(dir, err))
	}
	if p := h.installed(typ); p != nil {
		return h.examined(ctx, p)
	}
	return nil, installFailure(path, fmt.Errorf("%s is not there after it was written", target))
}

// fitToInstall refuses a folder from which nothing would be run, and removes what
// an install left there that was killed.
func fitToInstall(dir string, now time.Time) error {
	info, err := os.Stat(dir)
	if err == nil {
		err = ownership.NotWritableByOthers(dir, info)
	}
	if err != nil {
		e := &failure.Error{Code: failure.ExitFailure, Summary: "plugins there are not trusted", Err: err}
		var others ownership.Error
		if errors.As(err, &others) {
			e.Next = others.Next()
		}
		return e
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return cannotWrite(dir, err)
	}
	for _, entry := range entries {
		info, err := entry.Info()
		if err == nil && info.IsDir() && strings.HasPrefix(entry.Name(), installPrefix) && now.Sub(info.ModTime()) > 24*time.Hour {
			_ = os.RemoveAll(filepath.Join(dir, entry.Name()))
		}
	}
	return nil
}

// installPrefix begins the names of folders that an install works in.
const installPrefix = ".install-"

// copyPlugin copies a plugin into a temporary directory in dir and returns that,
// and the plugin's digest in hex.
func copyPlugin(ctx context.Context, path, dir string) (temporary, sum string, err error) {
	in, _, err := ownership.OpenRegular(path)
	if err != nil {
		return "", "", err
	}
	defer func() { _ = in.Close() }()
	// A directory of its own, since a plugin may go by its file name.
	temporary, err = os.MkdirTemp(dir, installPrefix+"*")
	if err != nil {
		return "", "", cannotWrite(dir, err)
	}
	sum, err = copyTo(filepath.Join(temporary, filepath.Base(path)), until(ctx, in))
	if err == nil {
		return temporary, sum, nil
	}
	_ = os.RemoveAll(temporary)
	var read *fs.PathError
	if errors.As(err, &read) && read.Path == path {
		return "", "", err
	}
	return "", "", cannotWrite(dir, err)
}

// copyTo writes a new program and returns its digest in hex.
func copyTo(path string, in io.Reader) (sum string, err error) {
	out, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	hash := sha256.New()
	if _, err := io.Copy(io.MultiWriter(out, hash), in); err != nil {
		return "", err
	}
	if err := out.Chmod(0o755); err != nil {
		return "", err
	}
	return hex.EncodeToString(hash.Sum(nil)), out.Sync()
}

// Remove deletes an installed plugin and its receipt. Of a link, what it leads to
// stays: the file is its author's.
func (h *Host) Remove(_ context.Context, typ string) error {
	if p := h.installed(typ); p != nil {
		// The receipt goes first: a file without one is never run.
		err := os.Remove(receiptPath(p.entry))
		if err == nil || isGone(err) {
			err = os.Remove(p.entry)
		}
		if err != nil {
			return &failure.Error{Code: failure.ExitFailure, Summary: "cannot remove plugin " + typ, Err: err}
		}
		return nil
	}
	found, err := h.found()
	if err != nil {
		return err
	}
	var others []string
	for _, p := range found {
		if p.Type == typ {
			others = append(others, fmt.Sprintf("%s (%s) was not installed by `plugin install`; it stays", p.Path, p.Origin))
		}
	}
	return &failure.Error{
		Code: failure.ExitFailure, Summary: fmt.Sprintf("plugin %q is not installed in %s", typ, h.userDir()),
		Details: others, Next: "see what is installed with `kubectl byoos plugin list`",
	}
}

func installFailure(path string, err error) error {
	var known *failure.Error
	if errors.As(err, &known) {
		return &failure.Error{
			Code: known.Code, Summary: fmt.Sprintf("cannot install %s: %s", path, known.Error()),
			Details: known.Details, Next: known.Next,
		}
	}
	return &failure.Error{
		Code: failure.ExitFailure, Summary: "cannot install " + path, Err: cause(err), Next: "name a plugin's file that you may read",
	}
}

// cannotWrite is the failure of the place where plugins are installed.
func cannotWrite(dir string, err error) error {
	return &failure.Error{
		Code: failure.ExitFailure, Summary: "cannot write to " + dir, Err: cause(err),
		Next: "make that directory one that you may write to, or set XDG_DATA_HOME to another one",
	}
}

// renamed makes a failure speak of the file that the user named.
func renamed(err error, from, to string) error {
	var e *failure.Error
	if !errors.As(err, &e) {
		return err
	}
	copied := *e
	copied.Summary = strings.ReplaceAll(e.Summary, from, to)
	copied.Next = strings.ReplaceAll(e.Next, from, to)
	return &copied
}
