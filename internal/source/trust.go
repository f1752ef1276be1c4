package source

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/hashicorp/go-plugin"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
)

// trust decides whether a plugin's file may be executed, and fills in why and,
// where a receipt demands one, the digest.
func (h *Host) trust(p *Plugin) error {
	info, err := permitted(p)
	if err != nil {
		return err
	}
	if p.Origin == OriginUser {
		if err := h.checkReceipt(p); err != nil {
			return err
		}
	}
	if !executable(info) {
		return broken(p, "is not executable", "run: chmod +x "+p.Path, nil)
	}
	switch p.Origin {
	case OriginFlag:
		p.Trust = "named by --plugin-dir"
	case OriginUser:
		p.Trust = "installed by you; its digest is that of the receipt"
	case OriginBundled:
		p.Trust = "beside kubectl-byoos, trusted as it is"
	}
	return nil
}

// permitted checks what a plugin's file is and who may write to it.
func permitted(p *Plugin) (fs.FileInfo, error) {
	info, err := os.Stat(p.Path)
	switch {
	case err != nil:
		return nil, broken(p, "cannot be read", "", cause(err))
	case !info.Mode().IsRegular():
		return nil, broken(p, "is not a regular file", "", nil)
	case p.Origin == OriginBundled:
		return info, nil
	}
	if err := private(p.Path, info); err != nil {
		return nil, notTrusted(p, err)
	}
	return info, nil
}

// private refuses a file that another user could have put there or changed. The
// directory counts as well: whoever writes to it can replace the file.
func private(path string, info fs.FileInfo) error {
	dir := filepath.Dir(path)
	dirInfo, err := os.Stat(dir)
	if err != nil {
		return err
	}
	return both(notWritableByOthers(path, info), notWritableByOthers(dir, dirInfo))
}

// both returns one error for two, so that one command mends them; what belongs
// to another user comes first, as no command does.
func both(file, dir error) error {
	var a, b writableError
	switch {
	case !errors.As(file, &a) || a.owner != "":
		return cmp.Or(file, dir)
	case !errors.As(dir, &b):
		return file
	case b.owner != "":
		return dir
	}
	a.paths = append(a.paths, b.paths...)
	return a
}

func notTrusted(p *Plugin, err error) error {
	e := broken(p, "is not trusted", "", err)
	var w writableError
	if errors.As(err, &w) {
		e.Next = w.next()
	}
	return e
}

// writableError are files that others may change.
type writableError struct {
	paths []string
	owner string // set when the file belongs to somebody else
}

func (w writableError) Error() string {
	if w.owner != "" {
		return fmt.Sprintf("%s belongs to another user (%s)", w.paths[0], w.owner)
	}
	return fmt.Sprintf("other users may write to %s", strings.Join(w.paths, " and "))
}

func (w writableError) next() string {
	if w.owner != "" {
		return "copy the plugin to a directory of your own, or install it with `kubectl byoos plugin install`"
	}
	return "run: chmod go-w " + strings.Join(w.paths, " ")
}

// checkReceipt compares the file with the digest in its receipt.
func (h *Host) checkReceipt(p *Plugin) error {
	receipt, err := readReceipt(receiptPath(p.Path))
	reinstall := "install it again with `kubectl byoos plugin install FILE`, or remove " + p.Path
	switch {
	case isGone(err):
		return broken(p, "is not trusted: it has no receipt", reinstall, nil)
	case err != nil:
		return broken(p, "is not trusted: its receipt cannot be read", reinstall, err)
	case receipt.Type != p.Type:
		return broken(p, fmt.Sprintf("is not trusted: its receipt is for the type %q", receipt.Type), reinstall, nil)
	}
	p.sum, err = hex.DecodeString(receipt.SHA256)
	if err != nil {
		return broken(p, "is not trusted: the digest in its receipt is no SHA-256", reinstall, nil)
	}
	p.Digest = "sha256:" + receipt.SHA256
	return h.checkDigest(p)
}

// checkDigest is called at the last moment before every execution. Between it
// and the execution the file could still change, but only by this user, whom the
// directory's mode lets write there.
func (h *Host) checkDigest(p *Plugin) error {
	if p.Origin != OriginUser {
		return nil
	}
	secure := plugin.SecureConfig{Checksum: p.sum, Hash: sha256.New()}
	ok, err := secure.Check(p.Path)
	switch {
	case err != nil:
		return broken(p, "is not trusted: its digest cannot be checked", "", err)
	case !ok:
		return broken(p, "is not trusted: the file changed after it was installed",
			"find out why; then install it again with `kubectl byoos plugin install FILE`", nil)
	}
	return nil
}

// digestText returns sha256:hex of a file, empty when it cannot be read.
func digestText(path string) string {
	sum, err := digestOf(path)
	if err != nil {
		return ""
	}
	return "sha256:" + sum
}

func digestOf(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }()
	hash := sha256.New()
	if _, err := io.Copy(hash, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}

// broken returns the failure of a plugin that cannot be used: "plugin X
// (path) <what>".
func broken(p *Plugin, what, next string, err error) *failure.Error {
	return &failure.Error{
		Code:    failure.ExitSource,
		Summary: fmt.Sprintf("plugin %s (%s) %s", p.Type, p.Path, what),
		Next:    next,
		Err:     err,
	}
}

// cause drops the operation and path from an error of the file system: the
// summary names the file already.
func cause(err error) error {
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		return pathErr.Err
	}
	return err
}
