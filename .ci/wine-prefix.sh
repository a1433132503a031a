# shellcheck shell=bash
# A Wine prefix of its own, for scripts to source: after it, $work is a temporary folder that is gone at the end with every
# process in it, $WINEPREFIX is ready, $work/overlay.json is what "go build -overlay" takes to build for Wine 8, and
# keep_wine keeps the prefix running.
#
# Needs wine (8 or later), Go, and as and ld of binutils-mingw-w64-x86-64.

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
	timeout 60 wineserver -k || true
	timeout 60 wineserver -w || true
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
	quietly timeout 400 wineboot -i
	quietly timeout 180 wineserver -w
	local system=$WINEPREFIX/drive_c/windows/system32
	[[ -e $system/bcryptprimitives.dll ]] || cp "$work/bcryptprimitives.dll" "$system/"
	quietly timeout 180 wine winecfg -v win10
	quietly timeout 180 wineserver -w
}

# patched FILE EXPRESSION: a line of the overlay, by which GOROOT's FILE is built as sed's EXPRESSION changes it.
patched() {
	local changed=$work/overlay/$1
	mkdir -p "${changed%/*}"
	sed "$2" "$GOROOT/src/$1" >"$changed"
	if cmp -s "$GOROOT/src/$1" "$changed"; then
		echo "wine-prefix.sh: Go's $1 no longer has the line that the overlay changes" >&2
		return 1
	fi
	printf '"%s": "%s"' "$GOROOT/src/$1" "$changed"
}

# What Wine 8 does otherwise than Windows and Go cannot know of:
#   - It says that it has not implemented deleting with POSIX semantics, which Go's os.RemoveAll does not take for an
#     answer: the overlay adds that to the answers after which Go falls back, as for other such systems.
#   - One start of a process in a thousand, on a busy machine, ends before it began, with ERROR_INTERNAL_ERROR: it is
#     tried again, twice at most.
make_overlay() {
	local delete start
	delete=$(patched internal/syscall/windows/at_windows.go 's/case STATUS_INVALID_INFO_CLASS,/& NTStatus(0xC0000002),/')
	start=$(patched syscall/exec_windows.go 's/^\t*err = CreateProcess(.*/&\nfor n := 0; n < 2 \&\& err == Errno(1359); n++ {\n&\n}/')
	printf '{"Replace": {%s, %s}}\n' "$delete" "$start" >"$work/overlay.json"
}

# keep_wine keeps one Wine process, so that the prefix, and services in it, live on between commands; leave_wine ends it.
keep_wine() {
	mkfifo "$work/keep" 2>/dev/null || true
	exec 8<>"$work/keep"
	timeout 2100 wine cmd /c more <"$work/keep" >/dev/null 2>&1 8>&- &
}

leave_wine() { exec 8>&-; }

make_bcryptprimitives
make_overlay
make_prefix || { cat "$work/wine.log" >&2; exit 1; }
say "$(wine --version 2>/dev/null </dev/null | cat) is ready"
