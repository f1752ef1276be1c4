#!/usr/bin/env bash
# Runs every fuzz target of the module: hack/fuzz.sh 2000x [package pattern]
#
# The first word is Go's -fuzztime. A count of inputs ends by itself on any machine; a
# time ends with a deadline, which a busy machine may miss.
set -euo pipefail
fuzztime=${1:-2000x}
pattern=${2:-./...}

targets() {
  grep -hoE '^func Fuzz[A-Za-z0-9_]+' "$1"/*_test.go 2>/dev/null | cut -d' ' -f2 || true
}

go list -f '{{.Dir}}' "$pattern" | while read -r dir; do
  targets "$dir" | while read -r target; do
    echo "fuzz ${dir#"$PWD"/} $target"
    # Without a bound, each new input may be minimised for a minute.
    (cd "$dir" && go test -fuzzminimizetime=1s -run='^$' -fuzz="^${target}\$" -fuzztime="$fuzztime" . </dev/null)
  done
done
