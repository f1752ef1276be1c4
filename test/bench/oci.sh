#!/bin/bash
# Times the source oci on repositories of 1000 and 10000 tags beside
# `skopeo list-tags`, on the same registry: best of five runs, in milliseconds.
# Needs: go, and Debian's docker-registry and skopeo.
set -eu -o pipefail

for program in docker-registry skopeo; do
  command -v "$program" >/dev/null || { echo "SKIPPED: $program is not installed: apt-get install $program"; exit 0; }
done
top=$(cd "$(dirname "$0")/../.." && pwd)
dir=$(mktemp -d)
registries=()
stop() {
  for pid in "${registries[@]}"; do kill "$pid" 2>/dev/null || true; wait "$pid" 2>/dev/null || true; done
  rm -rf "$dir"
}
trap stop EXIT
mkdir -p "$dir/plugins" "$dir/home"
(cd "$top" && go build -o "$dir/" ./cmd/kubectl-byoos ./test/registry/cmd/fill-registry && go build -o "$dir/plugins/" ./plugins/byoos-source-oci)

# serve NAME starts a registry on a free port; its address is then in $host.
serve() {
  cat >"$dir/$1.yml" <<END
version: 0.1
log: {level: info, accesslog: {disabled: true}}
storage: {filesystem: {rootdirectory: $dir/$1}}
http: {addr: 127.0.0.1:0}
END
  docker-registry serve "$dir/$1.yml" >/dev/null 2>"$dir/$1.log" &
  registries+=($!)
  host=$(grep -o -m 1 'listening on 127.0.0.1:[0-9]*' < <(tail --pid=$! -n +1 -f "$dir/$1.log"))
  host=${host#listening on }
}

best() {
  local least=
  for _ in 1 2 3 4 5; do
    local start=${EPOCHREALTIME/./}
    "$@" >"$dir/out" 2>"$dir/err" || { cat "$dir/err" >&2; exit 1; }
    local took=$(((${EPOCHREALTIME/./} - start) / 1000))
    if [ -z "$least" ] || [ "$took" -lt "$least" ]; then least=$took; fi
  done
  echo "$least"
}

byoos() {
  env -i PATH="$PATH" HOME="$dir/home" "$dir/kubectl-byoos" images --source oci --set "repository=$host/bench/ubuntu" "$@" -o name
}
names() { byoos --set resolve=none; }
newest() { byoos; }
skopeo_list() { skopeo list-tags --tls-verify=false "docker://$host/bench/ubuntu"; }

printf '%8s %18s %22s %22s\n' tags 'skopeo list-tags' 'byoos, resolve none' 'byoos, resolve newest'
for tags in 1000 10000; do
  serve "tags-$tags"
  "$dir/fill-registry" -registry "$host" -tags "$tags"
  printf '%8d %15d ms %19d ms %19d ms\n' "$tags" "$(best skopeo_list)" "$(best names)" "$(best newest)"
  first=$(head -n 1 "$dir/out")
  case $first in
    *-build$((tags - 1))) ;;
    *) echo "the newest tag is not first: $first" >&2; exit 1 ;;
  esac
done
