#!/bin/bash
# Starts a registry on loopback, fills it with provider images, runs the command
# that it is given beside a byoos.yaml that names this registry, and stops it.
# Needs: go, and Debian's docker-registry.
set -eu -o pipefail

if [ $# = 0 ]; then
  echo "usage: $0 COMMAND [ARG...], such as $0 kubectl byoos images" >&2
  exit 2
fi
command -v docker-registry >/dev/null || { echo "docker-registry is not installed: apt-get install docker-registry" >&2; exit 1; }

top=$(cd "$(dirname "$0")/../.." && pwd)
dir=$(mktemp -d)
registry=
stop() {
  if [ -n "$registry" ]; then kill "$registry" 2>/dev/null || true; wait "$registry" 2>/dev/null || true; fi
  rm -rf "$dir"
}
trap stop EXIT

cat >"$dir/config.yml" <<END
version: 0.1
log: {level: info, accesslog: {disabled: true}}
storage: {filesystem: {rootdirectory: $dir/data}}
http: {addr: 127.0.0.1:0}
END
(cd "$top" && go build -o "$dir/fill-registry" ./test/registry/cmd/fill-registry)
: >"$dir/log" # there before tail looks for it
docker-registry serve "$dir/config.yml" >/dev/null 2>"$dir/log" &
registry=$!
# The registry says where it listens, or ends.
host=$(grep -o -m 1 'listening on 127.0.0.1:[0-9]*' < <(tail --pid="$registry" -n +1 -f "$dir/log")) || { cat "$dir/log" >&2; exit 1; }
host=${host#listening on }
"$dir/fill-registry" -registry "$host" >&2
mkdir "$dir/oci" "$dir/packer-aws"
cp "$top/examples/packer-aws/packer-manifest.json" "$dir/packer-aws/"
sed "s/registry\.example\.com/$host/" "$top/examples/oci/byoos.yaml" >"$dir/oci/byoos.yaml"
cd "$dir/oci"
"$@"
