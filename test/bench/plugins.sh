#!/usr/bin/env bash
# What the process border costs: streaming, waiting in parallel, starting.
# shellcheck source=test/bench/lib.sh
source "$(dirname "$0")/lib.sh"
cd "$root"
HOME=$(getent passwd "$(id -u)" | cut -d: -f6) go test -run '^$' -bench . -benchtime 3x ./internal/source | grep -E '^Benchmark|images|sources'
