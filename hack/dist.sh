#!/usr/bin/env bash
# Makes what a release consists of, in dist/:
#
#   hack/dist.sh v1.2.3 [OS/ARCH...]
#
# An archive holds kubectl-byoos, plugins/, LICENSE and THIRD_PARTY_NOTICES, as krew
# unpacks them: krew links kubectl-byoos into its bin folder, and the program finds
# its plugins beside the file that the link names. Each has a bill of materials.
#
# The same commit gives the same bytes, whatever the folder and the user's Go
# settings are; so the tree must be clean and carry the tag. A version that ends in
# -SNAPSHOT needs neither, and is never to be published.
#
# SIGN_KEY=FILE signs the checksums with an SSH key; see hack/sign.sh.
set -euo pipefail
export LC_ALL=C
# Git hooks set these, and users: the folder and its commit are those of this file.
unset CDPATH GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE
cd "$(dirname "$0")/.."

fail() { echo "dist: $*" >&2; exit 2; }

version=${1:-}
[[ $version =~ ^v[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]+)?$ ]] || fail "usage: hack/dist.sh VERSION [OS/ARCH...], with a version such as v1.2.3"
shift
platforms=("$@")
if ((${#platforms[@]} == 0)); then
  platforms=(linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64)
fi
commit=$(git rev-parse HEAD)
# All that a build could take in, whatever git is told to show or to ignore here.
dirty=$(
  git status --porcelain --untracked-files=no &&
    git ls-files --others --exclude-from=.gitignore | sed 's/^/?? /' &&
    git ls-files -v | sed -n 's/^[a-zS] /?? not looked at: /p'
)
if [[ $version == *-SNAPSHOT ]]; then
  [[ -z $dirty ]] || commit+=-dirty
else
  [[ -z $dirty ]] || fail "the tree has changes that no commit has; commit or remove them:
$dirty"
  tagged=$(git rev-parse --quiet --verify "refs/tags/$version^{commit}") || fail "there is no tag $version; make it on the commit to release, or use a version that ends in -SNAPSHOT"
  [[ $tagged == "$commit" ]] || fail "the tag $version is on another commit; git checkout $version"
fi
if [[ -n ${SIGN_KEY:-} ]]; then
  [[ -r $SIGN_KEY ]] || fail "cannot read the key SIGN_KEY=$SIGN_KEY"
fi

# Where modules come from is the user's business. What changes the bytes is not:
# flags, the toolchain, levels of the processor, a vendor folder, a workspace.
for name in GOPROXY GOSUMDB GONOSUMDB GONOPROXY GOPRIVATE GOPATH GOMODCACHE GOCACHE; do
  export "$name=$(go env "$name")"
done
GOTOOLCHAIN=go$(awk '$1 == "go" { print $2 }' go.mod)
SOURCE_DATE_EPOCH=$(git log --no-show-signature -1 --format=%ct)
export GOTOOLCHAIN SOURCE_DATE_EPOCH
export GOENV=off GOFLAGS=-mod=readonly GOWORK=off GOFIPS140=off GOAMD64=v1 GOARM64=v8.0 CGO_ENABLED=0
unset GODEBUG GOEXPERIMENT GOOS GOARCH GOARM GO386 GOROOT GO111MODULE

module=github.com/kubectl-byoos/kubectl-byoos
base=${BYOOS_DOWNLOADS:-https://$module/releases/download}
# The version comes from here alone: Go's own stamp would depend on the tags and the
# depth of the clone.
host_flags="-s -w -X $module/internal/cli/version.release=$version -X $module/internal/cli/version.commit=$commit"
plugin_flags="-s -w -X $module/plugins/sdk.release=$version"

# build OS ARCH EXE DIR
build() {
  GOOS=$1 GOARCH=$2 go build -trimpath -buildvcs=false -ldflags "$host_flags" -o "$4/kubectl-byoos$3" ./cmd/kubectl-byoos
  mkdir -p "$4/plugins"
  local plugin
  for plugin in plugins/byoos-source-*; do
    GOOS=$1 GOARCH=$2 go build -trimpath -buildvcs=false -ldflags "$plugin_flags" -o "$4/$plugin$3" "./$plugin"
  done
}

manifest_head() {
  cat <<END
apiVersion: krew.googlecontainertools.github.com/v1alpha2
kind: Plugin
metadata:
  name: byoos
spec:
  version: $version
  homepage: https://$module
  shortDescription: Put your own OS images into Palette BYOOS packs
  description: |
    Finds the OS images that Packer, EC2 Image Builder, Azure VM Image Builder,
    Kubernetes Image Builder or CanvOS made, picks the right one by a written
    rule, tells why, and renders it into the BYOOS packs of Spectro Cloud
    Palette.
  platforms:
END
}

# manifest_platform OS ARCH ARCHIVE EXE
manifest_platform() {
  cat <<END
  - selector: {matchLabels: {os: $1, arch: $2}}
    uri: $base/$version/$3
    sha256: $(sha256sum "dist/$3" | cut -d' ' -f1)
    bin: kubectl-byoos$4
END
}

rm -rf dist
mkdir dist
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
go build -buildvcs=false -o "$work/archive" ./hack/archive
manifest_head >dist/byoos.yaml
for platform in "${platforms[@]}"; do
  os=${platform%/*} arch=${platform#*/} exe=
  [[ $os == windows ]] && exe=.exe
  stage=$work/${os}_$arch
  echo "dist: $platform" >&2
  build "$os" "$arch" "$exe" "$stage"
  cp LICENSE "$stage/"
  archive=kubectl-byoos_${version}_${os}_${arch}
  "$work/archive" -version "$version" -stage "$stage" -out "dist/$archive" -epoch "$SOURCE_DATE_EPOCH"
  manifest_platform "$os" "$arch" "$archive.tar.gz" "$exe" >>dist/byoos.yaml
  rm -r "$stage"
done
(cd dist && sha256sum byoos.yaml kubectl-byoos_* >checksums.txt)
if [[ -n ${SIGN_KEY:-} ]]; then
  ./hack/sign.sh "$SIGN_KEY" dist/checksums.txt
else
  echo "dist: checksums.txt is not signed; hack/sign.sh signs it" >&2
fi
