#!/bin/bash
# Times the source oci on a repository of 10,000 tags beside `skopeo list-tags`, on
# the same registry and in one run.
# Needs: go, hyperfine, jq, and Debian's docker-registry and skopeo.
set -eu -o pipefail

for program in docker-registry skopeo hyperfine jq; do
  command -v "$program" >/dev/null || { echo "SKIPPED: $program is not installed: apt-get install $program"; exit 0; }
done
top=$(cd "$(dirname "$0")/../.." && pwd)
dir=$(mktemp -d)
registry=
stop() {
  if [ -n "$registry" ]; then kill "$registry" 2>/dev/null || true; wait "$registry" 2>/dev/null || true; fi
  rm -rf "$dir"
}
trap stop EXIT
mkdir -p "$dir/plugins" "$dir/home"
(cd "$top" && go build -o "$dir/" ./cmd/kubectl-byoos ./test/registry/cmd/fill-registry && go build -o "$dir/plugins/" ./plugins/byoos-source-oci)

cat >"$dir/registry.yml" <<END
version: 0.1
log: {level: info, accesslog: {disabled: true}}
storage: {filesystem: {rootdirectory: $dir/registry}}
http: {addr: 127.0.0.1:0}
END
: >"$dir/registry.log" # there before tail looks for it
docker-registry serve "$dir/registry.yml" >/dev/null 2>"$dir/registry.log" &
registry=$!
host=$(grep -o -m 1 'listening on 127.0.0.1:[0-9]*' < <(tail --pid=$registry -n +1 -f "$dir/registry.log"))
host=${host#listening on }
"$dir/fill-registry" -registry "$host" -tags 10000

cat >"$dir/byoos.yaml" <<END
apiVersion: byoos.dev/v1alpha1
kind: ImageSet
sources: [{name: edge, type: oci, config: {repository: $host/bench/ubuntu}}]
packs:
  - name: hosts
    pack: edge-native-byoi
    select: {architecture: amd64, kubernetesVersion: ~1.30}
    edge: {reference: tag}
END

byoos="env -i PATH=$PATH HOME=$dir/home $dir/kubectl-byoos"
$byoos render -f "$dir/byoos.yaml" | grep -q "/bench/ubuntu:k3s-1.30.9-v4.9.19\"" ||
  { echo "the newest of 1.30 is not the pick" >&2; exit 1; }

hyperfine -N --warmup 2 --min-runs 10 --export-json "$dir/h.json" \
  -n 'skopeo list-tags' "skopeo list-tags --tls-verify=false docker://$host/bench/ubuntu" \
  -n 'render, ~1.30' "$byoos render -f $dir/byoos.yaml" \
  -n 'explain, ~1.30' "$byoos explain -f $dir/byoos.yaml -o json" \
  -n 'images, resolve: none' "$byoos images --source oci --set repository=$host/bench/ubuntu --set resolve=none -o name" \
  >/dev/null 2>&1
jq -r '.results[0].mean as $first | .results[] |
  "\(.mean * 10000 | round / 10) ms ± \(.stddev * 10000 | round / 10)  ×\(.mean / $first * 100 | round / 100)  \(.command)"' "$dir/h.json"
