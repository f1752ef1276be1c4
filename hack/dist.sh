#!/usr/bin/env bash
# Makes the release archives and the krew manifest in dist/:
#
#   hack/dist.sh v1.2.3 [OS/ARCH...]
#
# An archive holds kubectl-byoos, plugins/ and LICENSE, as krew unpacks them: krew
# links kubectl-byoos into its bin folder, and the program finds its plugins beside
# the file that the link names. The same commit gives the same archives.
set -euo pipefail
cd "$(dirname "$0")/.."

version=${1:?usage: hack/dist.sh VERSION [OS/ARCH...]}
[[ $version =~ ^v[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]+)?$ ]] || { echo "$version is no version such as v1.2.3" >&2; exit 2; }
shift
platforms=("$@")
if ((${#platforms[@]} == 0)); then
  platforms=(linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64)
fi
base=${BYOOS_DOWNLOADS:-https://github.com/kubectl-byoos/kubectl-byoos/releases/download}
epoch=$(git log -1 --format=%ct)
rm -rf dist
mkdir dist

manifest_head() {
  cat <<END
apiVersion: krew.googlecontainertools.github.com/v1alpha2
kind: Plugin
metadata:
  name: byoos
spec:
  version: $version
  homepage: https://github.com/kubectl-byoos/kubectl-byoos
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

manifest_head >dist/byoos.yaml
for platform in "${platforms[@]}"; do
  os=${platform%/*} arch=${platform#*/} exe=
  [[ $os == windows ]] && exe=.exe
  stage=dist/stage
  rm -rf "$stage"
  mkdir -p "$stage/plugins"
  export GOOS=$os GOARCH=$arch CGO_ENABLED=0
  ldflags="-s -w -X github.com/kubectl-byoos/kubectl-byoos/internal/cli/version.release=$version"
  go build -trimpath -ldflags "$ldflags" -o "$stage/kubectl-byoos$exe" ./cmd/kubectl-byoos
  for plugin in plugins/byoos-source-*; do
    go build -trimpath -ldflags '-s -w' -o "$stage/$plugin$exe" "./$plugin"
  done
  unset GOOS GOARCH CGO_ENABLED
  cp LICENSE "$stage/"
  archive=kubectl-byoos_${version}_${os}_${arch}.tar.gz
  # krew refuses links, and takes the modes from the archive.
  tar --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$epoch" --mode='u=rwX,go=rX' -C "$stage" -cf - . | gzip -n >"dist/$archive"
  manifest_platform "$os" "$arch" "$archive" "$exe" >>dist/byoos.yaml
done
rm -rf dist/stage
(cd dist && sha256sum ./*.tar.gz >checksums.txt)
