# Sourced by the scripts beside it: a scratch folder, the binaries, and timing.
# shellcheck shell=bash
# shellcheck disable=SC2034 # the scripts that source it use what it sets
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
bin=${BYOOS_BIN:-$root/bin}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export HOME=$scratch/home
mkdir -p "$HOME"

# compare REFERENCE COMMAND... prints the mean time of each and its ratio to the
# first.
compare() {
  local args=()
  for command in "$@"; do args+=("$command"); done
  hyperfine -N --warmup 3 --min-runs 15 --export-json "$scratch/h.json" "${args[@]}" >/dev/null 2>&1
  jq -r '.results[0].mean as $first | .results[] |
    "\(.mean * 1000 | . * 10 | round / 10) ms ± \(.stddev * 1000 * 10 | round / 10)  ×\(.mean / $first * 100 | round / 100)  \(.command)"' \
    "$scratch/h.json" | sed "s#$bin/##g; s#$scratch/##g"
}

# measure LABEL COMMAND... prints wall and CPU seconds and the peak memory of the
# largest process.
measure() {
  local label=$1
  shift
  /usr/bin/time -f "%e s wall, %U s user, %M KiB  $label" "$@" >/dev/null 2>"$scratch/err" || { cat "$scratch/err" >&2; exit 1; }
  tail -n 1 "$scratch/err"
}
