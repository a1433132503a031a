#!/usr/bin/env bash
# Runs the Windows tests of the packages that meet the operating system, under Wine on Linux.
#
# Usage: wine.sh [go test's arguments] PACKAGE...
#
# Needs wine (8 or later), Go, and as and ld of binutils-mingw-w64-x86-64. It works in a Wine prefix of its own in a
# temporary folder, which is gone at the end with every process in it, and bounds everything in time.
set -euo pipefail

(($# > 0)) || { echo "usage: wine.sh PACKAGE..." >&2; exit 2; }
root=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/kurir-wine.XXXXXX")

GOCACHE=$(go env GOCACHE)
GOMODCACHE=$(go env GOMODCACHE)
GOROOT=$(go env GOROOT)
export GOCACHE GOMODCACHE
export TMPDIR=$work HOME=$work/home WINEPREFIX=$work/prefix WINEARCH=win64 WINEDEBUG=-all
export WINEDLLOVERRIDES="winemenubuilder.exe=d;mscoree,mshtml=" # no menus, no offers to fetch .NET or a browser
unset DISPLAY
mkdir "$HOME"

cleanup() {
	timeout 20 wineserver -k || true
	timeout 20 wineserver -w || true
	rm -rf "$work"
}
trap cleanup EXIT

say() { printf '   wine: %s (%d s)\n' "$*" "$SECONDS"; }

# Wine's first processes inherit the output of whoever starts them and live on: it goes to a file, never to a pipe.
quietly() { "$@" </dev/null >>"$work/wine.log" 2>&1; }

# Go takes its random numbers from bcryptprimitives.dll, which Wine 8 does not have: one that forwards to advapi32.
make_bcryptprimitives() {
	x86_64-w64-mingw32-as -o "$work/entry.o" - <<-'ASM'
		.globl DllMainCRTStartup
		DllMainCRTStartup:
			movl $1, %eax
			ret
	ASM
	cat >"$work/forward.def" <<-'DEF'
		LIBRARY bcryptprimitives.dll
		EXPORTS
			ProcessPrng = advapi32.SystemFunction036
	DEF
	x86_64-w64-mingw32-ld -shared -s -e DllMainCRTStartup -o "$work/bcryptprimitives.dll" "$work/entry.o" "$work/forward.def"
}

make_prefix() {
	quietly timeout 180 wineboot -i
	quietly timeout 60 wineserver -w
	local system=$WINEPREFIX/drive_c/windows/system32
	[[ -e $system/bcryptprimitives.dll ]] || cp "$work/bcryptprimitives.dll" "$system/"
	quietly timeout 60 wine winecfg -v win10
	quietly timeout 60 wineserver -w
}

# Wine 8 says that it has not implemented deleting with POSIX semantics, which Go's os.RemoveAll does not take for an
# answer. Test binaries are built with the same fall-back that Go has for other such systems.
make_overlay() {
	local source=$GOROOT/src/internal/syscall/windows/at_windows.go
	sed 's/case STATUS_INVALID_INFO_CLASS,/& NTStatus(0xC0000002),/' "$source" >"$work/at_windows.go"
	if cmp -s "$source" "$work/at_windows.go"; then
		echo "wine.sh: $source no longer has the line that the overlay changes" >&2
		return 1
	fi
	printf '{"Replace": {"%s": "%s"}}\n' "$source" "$work/at_windows.go" >"$work/overlay.json"
}

# How go test starts a test binary.
make_runner() {
	cat >"$work/run" <<-'RUN'
		#!/bin/sh
		output=$(mktemp) || exit 1
		timeout 300 wine "$@" </dev/null >"$output" 2>&1
		status=$?
		tr -d '\r' <"$output"
		rm -f "$output"
		exit $status
	RUN
	chmod +x "$work/run"
}

make_bcryptprimitives
make_overlay
make_runner
make_prefix || { cat "$work/wine.log" >&2; exit 1; }
say "$(wine --version 2>/dev/null </dev/null | cat) is ready"

# One Wine process is kept, so that the prefix need not start anew for every test binary.
mkfifo "$work/keep"
exec 8<>"$work/keep"
timeout 1500 wine cmd /c more <"$work/keep" >/dev/null 2>&1 8>&- &

cd "$root"
GOOS=windows GOARCH=amd64 CGO_ENABLED=0 timeout 1200 \
	go test -count=1 -timeout 280s -overlay "$work/overlay.json" -exec "$work/run" "$@" 8>&-
exec 8>&-
say "done"
