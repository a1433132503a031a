#!/usr/bin/env bash
# Runs the Windows tests of the packages that meet the operating system, under Wine on Linux.
#
# Usage: wine.sh [go test's arguments] PACKAGE...
#
# It works in a Wine prefix of its own (wine-prefix.sh, which says what it needs) and bounds everything in time.
set -euo pipefail

(($# > 0)) || { echo "usage: wine.sh PACKAGE..." >&2; exit 2; }
root=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=SCRIPTDIR/wine-prefix.sh
source "$root/.ci/wine-prefix.sh"

# How go test starts a test binary.
make_runner() {
	cat >"$work/run" <<-'RUN'
		#!/bin/sh
		output=$(mktemp) || exit 1
		timeout 620 wine "$@" </dev/null >"$output" 2>&1
		status=$?
		tr -d '\r' <"$output"
		rm -f "$output"
		exit $status
	RUN
	chmod +x "$work/run"
}

make_runner
keep_wine

cd "$root"
GOOS=windows GOARCH=amd64 CGO_ENABLED=0 timeout 1900 \
	go test -count=1 -timeout 600s -overlay "$work/overlay.json" -exec "$work/run" "$@" 8>&-
leave_wine
say "done"
