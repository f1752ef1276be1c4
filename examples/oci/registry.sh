#!/bin/bash
# Starts a registry on loopback, fills it with provider images, runs the command
# that it is given, and stops the registry.
# Needs: go, and Debian's docker-registry.
set -eu -o pipefail

listen=127.0.0.1:5055
if [ $# = 0 ]; then
  echo "usage: $0 COMMAND [ARG...], such as $0 kubectl byoos images -f examples/oci/byoos.yaml" >&2
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
http: {addr: $listen}
END
(cd "$top" && go build -o "$dir/fill-registry" ./test/registry/cmd/fill-registry)
: >"$dir/log" # there before tail looks for it
docker-registry serve "$dir/config.yml" >/dev/null 2>"$dir/log" &
registry=$!
# The registry says when it listens, or ends.
grep -q -m 1 "listening on" < <(tail --pid="$registry" -n +1 -f "$dir/log") || { cat "$dir/log" >&2; exit 1; }
"$dir/fill-registry" -registry "$listen" >&2
"$@"
