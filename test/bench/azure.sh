#!/usr/bin/env bash
# Measures the source azure against the fake Azure on loopback: time, requests and
# the plugin's peak memory for 1, 2, 5 and 10 galleries of 100 definitions of 10
# versions, each in two regions. Both time and requests should grow in step with
# the galleries, and memory stay below 150 MiB. Needs Linux (/proc).
#
#   test/bench/azure.sh [GALLERIES...]
set -euo pipefail
cd "$(dirname "$0")/../.."

sizes=("${@:-}")
[ -n "${sizes[0]}" ] || sizes=(1 2 5 10)
limit_kib=$((150 * 1024))

work=$(mktemp -d)
fake=
cleanup() {
  if [ -n "$fake" ]; then kill "$fake" 2>/dev/null || true; fi
  rm -rf "$work"
}
trap cleanup EXIT

go build -trimpath -o "$work/fakeazure" ./test/fakeazure/cmd
go build -trimpath -ldflags '-s -w' -o "$work/kubectl-byoos" ./cmd/kubectl-byoos
go build -trimpath -ldflags '-s -w' -o "$work/plugins/byoos-source-azure" ./plugins/byoos-source-azure
export HOME="$work/home" XDG_CONFIG_HOME="$work/config" XDG_CACHE_HOME="$work/cache"
mkdir -p "$HOME"

# peak PID prints the peak memory, in KiB, of the plugin that PID started.
peak() {
  local most=0 now child
  while kill -0 "$1" 2>/dev/null; do
    child=$(pgrep -P "$1" byoos-source || true)
    if [ -n "$child" ]; then
      now=$(awk '/^VmHWM/ {print $2}' "/proc/$child/status" 2>/dev/null || true)
      if [ "${now:-0}" -gt "$most" ]; then most=$now; fi
    fi
    sleep 0.02
  done
  echo "$most"
}

failed=0
printf '%-10s %-9s %-9s %-10s %-14s %s\n' galleries versions images requests seconds 'plugin peak MiB'
for galleries in "${sizes[@]}"; do
  : >"$work/env" # there before it is looked at
  "$work/fakeazure" -galleries "$galleries" -definitions 100 -versions 10 -ca "$work/ca.pem" >"$work/env" &
  fake=$!
  until [ "$(wc -l <"$work/env")" -ge 8 ]; do
    kill -0 "$fake" 2>/dev/null || { echo "the fake ended" >&2; exit 1; }
    sleep 0.05
  done
  # shellcheck disable=SC1091
  . "$work/env"
  begin=$(date +%s.%N)
  "$work/kubectl-byoos" images --source azure --set gallery='*' --set resourceGroup=RG -o name >"$work/out" &
  host=$!
  peak "$host" >"$work/peak"
  wait "$host"
  seconds=$(echo "$(date +%s.%N) - $begin" | bc)
  requests=$(curl -s --cacert "$work/ca.pem" "$AZURE_RESOURCE_MANAGER_ENDPOINT/_fake/stats" | sed -E 's/.*"requests":([0-9]+).*/\1/')
  kib=$(cat "$work/peak")
  printf '%-10s %-9s %-9s %-10s %-14.2f %s\n' "$galleries" "$((galleries * 1000))" "$(wc -l <"$work/out")" \
    "$requests" "$seconds" "$((kib / 1024))"
  if [ "$kib" -gt "$limit_kib" ]; then failed=1; fi
  kill "$fake"
  wait "$fake" 2>/dev/null || true
  fake=
done
if [ "$failed" -ne 0 ]; then
  echo "the plugin needed more than 150 MiB" >&2
  exit 1
fi
