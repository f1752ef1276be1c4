#!/usr/bin/env bash
# From the start of the program to the result, beside kubectl itself.
# shellcheck source=test/bench/lib.sh
source "$(dirname "$0")/lib.sh"

cp "$root/examples/packer-aws/packer-manifest.json" "$root/examples/packer-aws/byoos.yaml" "$scratch/"
spec=$scratch/byoos.yaml
locked=$scratch/locked/byoos.yaml
mkdir "$scratch/locked"
cp "$scratch/byoos.yaml" "$scratch/packer-manifest.json" "$scratch/locked/"
"$bin/kubectl-byoos" lock -f "$locked" 2>/dev/null

echo "beside kubectl (goal: render at most ×2)"
compare "kubectl version --client" "$bin/kubectl-byoos render -f $spec"
echo "the host alone (goals: under 20 ms; render --locked at most ×1.2 of version)"
compare "$bin/kubectl-byoos version" "$bin/kubectl-byoos render --locked -f $locked"
echo "a plugin alone"
compare "$bin/plugins/byoos-source-packer describe"
