package main

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"time"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-packer/internal/files"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-packer/internal/manifest"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
)

func (f manifestFile) notFound(err error, base string) *sdk.Diagnostic {
	d := &sdk.Diagnostic{
		Severity: sdk.Error, ConfigPath: f.configPath, Scope: f.name,
		Summary: "the manifest cannot be read", Detail: reason(err),
		NextStep: "make the file readable, or correct the path",
	}
	switch {
	case errors.Is(err, files.ErrEmptyDirectory):
		d.Summary, d.Detail = files.ErrEmptyDirectory.Error(), ""
		d.NextStep = "run packer build with the manifest post-processor first, or name the manifest"
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, files.ErrNone):
		d.Summary = "the manifest does not exist"
		d.NextStep = fmt.Sprintf("run packer build with the manifest post-processor first, or correct the path, which starts from %s; "+
			"a pattern such as output/**/packer-manifest.json finds manifests in folders below", base)
		if strings.Contains(f.name, `\`) && filepath.Separator == '/' {
			d.NextStep = `write / in place of \; or ` + d.NextStep
		}
	}
	return d
}

// reason is err without the path, which the summary has.
func reason(err error) string {
	var at *fs.PathError
	if errors.As(err, &at) {
		return at.Err.Error()
	}
	return strings.TrimPrefix(err.Error(), files.ErrNone.Error()+": ")
}

// explain turns an error of a file into what the user reads.
func (f manifestFile) explain(err error, waited time.Duration) *sdk.Diagnostic {
	d := &sdk.Diagnostic{
		Severity: sdk.Error, ConfigPath: f.configPath, Scope: f.name,
		Summary: "the manifest cannot be read", Detail: reason(err),
		NextStep: "make the file readable, or correct the path",
	}
	var failure *manifest.Error
	switch {
	case errors.Is(err, files.ErrLocked):
		d.Summary = "packer is writing the manifest"
		d.Detail = fmt.Sprintf("%s.lock was still there after %s", f.name, waited)
		d.NextStep = "run again when packer has finished; when no packer runs, remove the lock file"
	case errors.Is(err, files.ErrChanged):
		d.Summary = "the manifest changes while it is read"
		d.Detail = fmt.Sprintf("it did not come to rest within %s", waited)
		d.NextStep = "run again when packer has finished, or set a longer wait"
	case errors.As(err, &failure):
		d.Summary, d.NextStep = broken(failure)
	}
	return d
}

func broken(err *manifest.Error) (summary, next string) {
	const notManifest, name = "not a Packer manifest", "name the output of Packer's manifest post-processor"
	switch err.Kind {
	case manifest.Truncated:
		return "the manifest is cut short",
			"run again when packer has finished; when no packer runs, restore the file or run packer build again"
	case manifest.Encoding:
		return notManifest, "save it as UTF-8: iconv -f UTF-16 -t UTF-8, or in PowerShell Set-Content -Encoding utf8"
	case manifest.Trailing:
		return notManifest, "keep one manifest in a file; name several files in manifests"
	case manifest.Syntax:
		return "not JSON", "correct the line, or run packer build again; if it is another file, " + name
	case manifest.NotManifest:
		return notManifest, name
	default:
		return notManifest, "correct the line, or " + name
	}
}
