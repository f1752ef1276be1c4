#!/usr/bin/env bash
# Compares the protocol with the one of the last release, which proto/released.binpb
# holds. A release writes it anew: hack/breaking.sh BUF --release
set -euo pipefail
buf=$1
cd "$(dirname "$0")/.."
if [[ "${2:-}" == --release ]]; then
  exec "$buf" build -o proto/released.binpb
fi
exec "$buf" breaking --against proto/released.binpb
