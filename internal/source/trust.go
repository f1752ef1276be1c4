package source

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/kubectl-byoos/kubectl-byoos/internal/source/run"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/ownership"
)

// trust decides whether a plugin's file may be executed, and fills in why and,
// where a receipt demands one, the digest.
func (h *Host) trust(ctx context.Context, p *Plugin) error {
	info, err := permitted(p)
	if err != nil {
		return err
	}
	if p.Origin == OriginUser {
		if err := h.checkReceipt(ctx, p); err != nil {
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
	case isGone(err) && !isThere(p.entry): // it may be a link that leads nowhere
		return nil, gone(p)
	case err != nil:
		return nil, broken(p, "cannot be read", "", cause(err))
	case !info.Mode().IsRegular():
		return nil, broken(p, "is not a regular file", "", nil)
	case p.Origin == OriginBundled:
		return info, nil
	}
	// Anyone who may put a link on the way to it chooses which program is run.
	if err := ownership.Private(p.entry, info); err != nil {
		return nil, notTrusted(p, err)
	}
	return info, nil
}

func notTrusted(p *Plugin, err error) error {
	e := broken(p, "is not trusted", "", err)
	var others ownership.Error
	if errors.As(err, &others) {
		e.Next = cmp.Or(others.Next(), "copy the plugin to a directory of your own, or install it with `kubectl byoos plugin install`")
	}
	return e
}

// checkReceipt compares the file with the digest in its receipt.
func (h *Host) checkReceipt(ctx context.Context, p *Plugin) error {
	receipt, err := readReceipt(receiptPath(p.entry))
	reinstall := "install it again with `kubectl byoos plugin install FILE`, or remove " + p.entry
	switch {
	case isGone(err):
		return broken(p, "is not trusted: it has no receipt", reinstall, nil)
	case err != nil:
		return broken(p, "is not trusted: its receipt cannot be read", reinstall, err)
	case receipt.Type != p.Type:
		return broken(p, fmt.Sprintf("is not trusted: its receipt is for the type %q", receipt.Type), reinstall, nil)
	}
	p.sum = receipt.SHA256
	p.Digest = "sha256:" + p.sum
	return h.checkDigest(ctx, p)
}

// checkDigest is called at the last moment before every execution. Between it
// and the execution the file could still change, but only by this user, whom the
// directory's mode lets write there.
func (h *Host) checkDigest(ctx context.Context, p *Plugin) error {
	if p.Origin != OriginUser {
		return nil
	}
	sum, err := digestOf(ctx, p.Path)
	switch {
	case ctx.Err() != nil:
		return interrupted(ctx)
	case isGone(err):
		return gone(p)
	case err != nil:
		return broken(p, "is not trusted: its digest cannot be checked", "make it a file that you may read: chmod u+r "+p.Path, cause(err))
	case sum != p.sum && hasReceipt(p, sum):
		// What is known of it, as its schema and its variables, is of the one before.
		return broken(p, "was installed anew meanwhile", "run the command again", nil)
	case sum != p.sum:
		return broken(p, "is not trusted: the file changed after it was installed",
			"find out why; then install it again with `kubectl byoos plugin install FILE`", nil)
	}
	return nil
}

// hasReceipt reports whether a plugin's receipt is now that of a file with this digest.
func hasReceipt(p *Plugin, sum string) bool {
	receipt, err := readReceipt(receiptPath(p.entry))
	return err == nil && receipt.SHA256 == sum
}

// gone is the failure of a plugin that was there when it was looked up.
func gone(p *Plugin) error { return run.Program{Type: p.Type, Path: p.Path}.Gone() }

// digestText returns sha256:hex of a file, empty when it cannot be read.
func digestText(ctx context.Context, path string) string {
	sum, err := digestOf(ctx, path)
	if err != nil {
		return ""
	}
	return "sha256:" + sum
}

// digestOf returns the SHA-256 of a regular file in hex.
func digestOf(ctx context.Context, path string) (string, error) {
	f, _, err := ownership.OpenRegular(path)
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }()
	hash := sha256.New()
	if _, err := io.Copy(hash, until(ctx, f)); err != nil {
		return "", err
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}

// reader ends with its context.
type reader struct {
	ctx context.Context
	r   io.Reader
}

func until(ctx context.Context, r io.Reader) io.Reader { return reader{ctx, r} }

func (r reader) Read(b []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.r.Read(b)
}

// broken returns the failure of a plugin that cannot be used: "plugin X
// (path) <what>".
func broken(p *Plugin, what, next string, err error) *failure.Error {
	return run.Program{Type: p.Type, Path: p.Path}.Broken(what, next, err)
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

// isGone reports whether err says that a file is not there.
func isGone(err error) bool { return errors.Is(err, fs.ErrNotExist) }
