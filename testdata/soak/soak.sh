#!/usr/bin/env bash
# Hours of mixed work on the built agent, against the simulator on a bad day, with kills and restarts in the first half
# and none in the second. Prints a row of figures every interval, and at the end what grew and what went missing.
#
# Usage: testdata/soak/soak.sh [DURATION [SETS_PER_SECOND]]     default: 2h 1.5
#
# It needs Go and Linux's /proc, about 100 MB of disk an hour, and a fifth of a core. It ends with 0 only when every file
# that it dropped lies in exactly one place, every photo arrived exactly once, and nothing grew.
set -euo pipefail
cd "$(dirname "$0")/../.."
export KURIR_SOAK=${1:-2h} KURIR_SOAK_RATE=${2:-1.5}
exec go test -run '^TestSoak$' -count=1 -timeout 0 -v .
