#!/usr/bin/env bash
# Measures the source aws beside `aws ec2 describe-images`, both against the fake
# AWS on loopback: 1,000, 10,000 and 50,000 AMIs in one region, and 16 regions of
# 1,000. kubectl-byoos prints the ids (name/s) and whole images as JSON (json/s,
# most of which is printing at 50,000). Time is the best of RUNS (default 3). Then
# 50,000 AMIs in one region with 300 ms for each answer. It fails when finding the
# ids is not 3 times faster than the CLI, when it takes over 5 % longer than the
# answers do at 300 ms each, when requests do not grow with the AMIs, or when the
# plugin needs more than 150 MiB. Needs Linux (/proc); without the AWS CLI (Debian
# package awscli) its columns are left out.
#
#   test/bench/aws.sh
set -euo pipefail
cd "$(dirname "$0")/../.."

runs=${RUNS:-3}
limit_kib=$((150 * 1024))
aws=/usr/bin/aws
[ -x "$aws" ] || aws=$(command -v aws || true)

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
go build -trimpath -o "$work/fakeaws" ./test/fakeaws/cmd/fakeaws
go build -trimpath -ldflags '-s -w' -o "$work/kubectl-byoos" ./cmd/kubectl-byoos
go build -trimpath -ldflags '-s -w' -o "$work/plugins/byoos-source-aws" ./plugins/byoos-source-aws
export HOME="$work/home" XDG_CONFIG_HOME="$work/config" XDG_CACHE_HOME="$work/cache" AWS_PAGER='' AWS_EC2_METADATA_DISABLED=true
unset AWS_PROFILE AWS_CONFIG_FILE AWS_SHARED_CREDENTIALS_FILE AWS_SESSION_TOKEN
mkdir -p "$HOME"
cat >"$work/timed" <<'TIMED'
#!/usr/bin/env bash
# timed FILE COMMAND...: writes the seconds and the peak KiB of a plugin to FILE.
file=$1
shift
begin=$(date +%s.%N)
"$@" >/dev/null &
pid=$!
most=0
while kill -0 "$pid" 2>/dev/null; do
  child=$(pgrep -P "$pid" byoos-source || true)
  if [ -n "$child" ]; then
    now=$(awk '/^VmHWM/ {print $2}' "/proc/$child/status" 2>/dev/null || true)
    if [ "${now:-0}" -gt "$most" ]; then most=$now; fi
  fi
  sleep 0.02
done
wait "$pid" || exit 1
echo "$(echo "$(date +%s.%N) - $begin" | bc) $most" >"$file"
TIMED
cat >"$work/cli" <<'CLI'
#!/usr/bin/env bash
# cli AWS REGION...: what a script would do.
aws=$1
shift
for region in "$@"; do
  "$aws" --endpoint-url "$AWS_ENDPOINT_URL_EC2" --region "$region" --output json ec2 describe-images --owners self
done
CLI
chmod +x "$work/timed" "$work/cli"

# measure GENERATE COMMAND... sets seconds (best), peak (worst) and requests.
measure() {
  local generate=$1 s p
  shift
  seconds= peak=0
  for _ in $(seq "$runs"); do
    "$work/fakeaws" -generate "$generate" -latency "${latency:-0s}" -calls "$work/calls" -- "$work/timed" "$work/result" "$@"
    read -r s p <"$work/result"
    if [ -z "$seconds" ] || [ "$(echo "$s < $seconds" | bc)" = 1 ]; then seconds=$s; fi
    if [ "$p" -gt "$peak" ]; then peak=$p; fi
  done
  requests=$(grep -o '"action"' "$work/calls" | wc -l)
}

failed=0
printf '%-8s %-8s %-9s %-9s %-9s %-9s %-10s %-9s %s\n' regions AMIs name/s json/s requests 'peak MiB' aws-cli/s requests faster
for row in '1 1000' '1 10000' '1 50000' '16 1000'; do
  read -r count size <<<"$row"
  generate='' regions=()
  for i in $(seq "$count"); do
    regions+=("us-east-$i")
    generate="$generate,us-east-$i=$size"
  done
  list=$(IFS=,; echo "[${regions[*]}]")
  images=("$work/kubectl-byoos" images --source aws --set ami.owners=self --set "regions=$list")
  measure "$generate" "${images[@]}" -o json
  json=$seconds most=$peak
  measure "$generate" "${images[@]}" -o name
  name=$seconds name_requests=$requests
  if [ "$peak" -gt "$most" ]; then most=$peak; fi
  theirs=- theirs_requests=- faster=-
  if [ -n "$aws" ]; then
    measure "$generate" "$work/cli" "$aws" "${regions[@]}"
    theirs=$(printf %.2f "$seconds") theirs_requests=$requests
    faster=$(echo "scale=1; $seconds / $name" | bc)
    if [ "$(echo "$faster < 3" | bc)" = 1 ]; then failed=1; fi
  fi
  printf '%-8s %-8s %-9.2f %-9.2f %-9s %-9s %-10s %-9s %s\n' "$count" "$((count * size))" "$name" "$json" "$name_requests" \
    "$((most / 1024))" "$theirs" "$theirs_requests" "$faster"
  # One request for a page of 1,000.
  if [ "$name_requests" -ne $((count * size / 1000)) ] || [ "$most" -gt "$limit_kib" ]; then failed=1; fi
done

latency=300ms measure us-east-1=50000 "$work/kubectl-byoos" images --source aws --set ami.owners=self --set regions=us-east-1 -o name
over=$(echo "scale=1; ($seconds - $requests * 0.3) * 100 / ($requests * 0.3)" | bc)
printf '\n%-8s %-9s %-9s %s\n' AMIs requests name/s 'over 300 ms a request'
printf '%-8s %-9s %-9.2f %s %%\n' 50000 "$requests" "$seconds" "$over"
if [ "$(echo "$over > 5" | bc)" = 1 ]; then failed=1; fi

if [ "$failed" -ne 0 ]; then
  echo "a goal was missed: 3 times faster, 5 % over the requests, one request for 1,000 AMIs, 150 MiB" >&2
  exit 1
fi
