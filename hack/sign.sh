#!/usr/bin/env bash
# Signs a file with an SSH key, into FILE.sig: hack/sign.sh KEY FILE
#
# KEY is a private key, or a public one whose private half an agent or a security
# key holds. A passphrase is asked for on the terminal or by SSH_ASKPASS.
set -euo pipefail
key=${1:?usage: hack/sign.sh KEY FILE}
file=${2:?usage: hack/sign.sh KEY FILE}
# An old signature would make ssh-keygen ask.
rm -f "$file.sig"
exec ssh-keygen -q -Y sign -n file -f "$key" "$file"
