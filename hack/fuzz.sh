#!/usr/bin/env bash
# Runs every fuzz target of the module for a time each: hack/fuzz.sh 5s [package pattern]
set -euo pipefail
fuzztime=${1:-5s}
pattern=${2:-./...}

go list -f '{{.Dir}}' "$pattern" | while read -r dir; do
  for target in $(grep -hoE '^func (Fuzz[A-Za-z0-9_]+)' "$dir"/*_test.go 2>/dev/null | cut -d' ' -f2); do
    echo "fuzz ${dir#"$PWD"/} $target"
    (cd "$dir" && go test -fuzzminimizetime=1s -run='^$' -fuzz="^${target}\$" -fuzztime="$fuzztime" .)
  done
done
