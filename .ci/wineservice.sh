#!/usr/bin/env bash
# The life of kurir as a Windows service, from its installation to its removal, under Wine.
#
# Usage: wineservice.sh                     of the binary alone
#        wineservice.sh OLD.msi NEW.msi     of the installer: installed, upgraded, removed
#
# What Wine 8 cannot show, and Windows has to: the restart after a failure (Wine keeps the recovery settings but does not
# obey them), the delay of the automatic start, pre-shutdown, accounts (everything runs as the same one, so neither the
# rights of NT SERVICE\kurir nor a domain account's password matter), what non-administrators may not do, the event
# viewer's own texts, mapped drives that are really connected, and the MSI's dialogs and restart manager.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=SCRIPTDIR/wine-prefix.sh
source "$root/.ci/wine-prefix.sh"
readonly drive=$WINEPREFIX/drive_c
simulator=
trap '[[ -z $simulator ]] || kill "$simulator" 2>/dev/null || true; cleanup' EXIT

die() { echo "wineservice.sh: $*" >&2; [[ ! -s $work/out ]] || cat "$work/out" >&2; exit 1; }

# win COMMAND...: in Wine, bounded; what it prints is in $work/out. Never through a pipe: services inherit it.
win() {
	local status=0
	timeout 180 wine "$@" </dev/null >"$work/raw" 2>&1 8>&- || status=$?
	tr -d '\r' <"$work/raw" >"$work/out"
	return "$status"
}

# kurir WANTED ARGUMENT...: the command, whose exit code has to be WANTED.
program='C:\kurir\kurir.exe'
kurir() {
	local wanted=$1 got=0
	shift
	win "$program" "$@" || got=$?
	[[ $got == "$wanted" ]] || die "kurir $* ended with $got instead of $wanted"
}

unsaid() { ! grep -qF -- "$1" "$work/out" || die "said: $1"; }

said() { grep -qF -- "$1" "$work/out" || die "not said: $1"; }

# until_true SECONDS COMMAND...: waits for it.
until_true() {
	local end=$((SECONDS + $1))
	shift
	until "$@"; do
		((SECONDS < end)) || die "waited in vain for: $*"
		sleep 0.2
	done
}

state() { win sc query kurir || true; grep -q "$1" "$work/out"; }

# The simulator is no part of what is tested: it runs beside Wine, whose loopback is this machine's.
start_simulator() {
	(cd "$root" && go build -o "$work/simulator" .)
	: >"$work/simulator.out"
	"$work/simulator" simulate --listen 127.0.0.1:0 >"$work/simulator.out" 2>&1 8>&- &
	simulator=$!
	until_true 120 grep -q 'http://127' "$work/simulator.out"
	address=$(grep -om1 'http://127[0-9.]*:[0-9]*' "$work/simulator.out")
}

# configuration FILE [PORT]: one lane, with folders beyond the 260 characters that Windows' old functions take.
configuration() {
	local deep
	deep=$(printf 'a-folder-with-a-long-name-%.0s' {1..6})
	cat >"$1" <<-YAML
		data_dir: C:\\kurir\\data
		beacukai:
		  base_url: $address/openapi/cnpibk
		  auth: {login: {username: demo, password: "\${file:password.txt}"}}
		inboxes:
		  - {name: lane-1, kind: xray, path: 'C:\\scans\\$deep\\$deep\\lane-1', outbox: 'C:\\scans\\$deep\\$deep\\out'}
		dashboard: {listen: 127.0.0.1:${2:-0}}
	YAML
	echo demo >"${1%/*}/password.txt"
	inbox=$drive/scans/$deep/$deep/lane-1 outbox=$drive/scans/$deep/$deep/out
}

# drop NAME: a set as a scanner writes it.
drop() {
	mkdir "$inbox/$1.tmp"
	base64 -d >"$inbox/$1.tmp/photo.png" <<<"iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
	printf '{"nomorAju": "AJU-%s", "nomorBlAwb": "%s", "tanggalBlAwb": "2026-11-20", "kodeKantor": "050100", "images": ["photo.png"]}' \
		"$1" "$1" >"$inbox/$1.tmp/data.json"
	mv "$inbox/$1.tmp" "$inbox/$1"
}

receipt() { compgen -G "$outbox/sent/*/$1.receipt.json" >/dev/null; }

# checked: what "check" says while the service is stopped is seen by its own process, which does nothing else.
checked() {
	kurir 0 check -c 'C:\kurir\kurir.yaml'
	said 'as the account NT SERVICE\kurir'
	said "in the service's process"
	state STOPPED || die "the service goes on after a check"
	[[ ! -e $drive/kurir/data/journal.db ]] || die "the service has worked instead of only looking"
	kurir 0 check -c 'C:\kurir\kurir.yaml' --json
	said "in the service's process"
	kurir 0 check -c 'C:\kurir\kurir.yaml' --direct
	unsaid "in the service's process"
	echo 'inboxen: []' >>"$drive/kurir/kurir.yaml"
	kurir 2 check -c 'C:\kurir\kurir.yaml'
	said inboxen
	sed -i '$d' "$drive/kurir/kurir.yaml"
	mv "$drive/kurir/kurir.exe" "$drive/kurir/moved.exe"
	program='C:\kurir\moved.exe'
	kurir 1 check -c 'C:\kurir\kurir.yaml'
	said 'the service kurir cannot look itself'
	said 'what follows is what the account'
	said 'data_dir     write'
	unsaid "in the service's process"
	mv "$drive/kurir/moved.exe" "$drive/kurir/kurir.exe"
	program='C:\kurir\kurir.exe'
	say "the stopped service looks itself"

	sed 's#path: .*lane-1.,#path: C:\\kurir\\password.txt,#; s#C:.kurir.data#C:\\kurir\\data2#' "$drive/kurir/kurir.yaml" >"$drive/kurir/wrong.yaml"
	kurir 2 service install --config 'C:\kurir\wrong.yaml' --name second
	said 'is not installed'
	kurir 3 service status --name second
	say "what the service could not work with is not installed"
}

story() {
	mkdir -p "$drive/kurir"
	(cd "$root" && CGO_ENABLED=0 GOOS=windows GOARCH=amd64 go build -trimpath -overlay "$work/overlay.json" -o "$drive/kurir/kurir.exe" .)
	kurir 3 service status
	kurir 3 service start
	said "not installed"

	configuration "$drive/kurir/kurir.yaml"
	kurir 0 service install --config 'C:\kurir\kurir.yaml'
	said 'NT SERVICE\kurir'
	kurir 0 service install
	said "installed like this already"
	win reg query 'HKLM\System\CurrentControlSet\Services\kurir' || die "the service is not registered"
	said 'run --config C:\kurir\kurir.yaml --service kurir'
	win reg query 'HKLM\System\CurrentControlSet\Services\EventLog\Application\kurir' || die "no event source"
	kurir 1 service status
	say "installed"
	checked

	kurir 0 service start
	state RUNNING || die "does not run"
	kurir 0 service status --json
	said '"state": "running"'
	kurir 0 check -c 'C:\kurir\kurir.yaml'
	said "in the service's process"
	said 'data_dir     agent '
	grep -q 'check asked for' "$drive/kurir/data/kurir.log" || die "the running agent was not asked"
	kurir 0 check -c 'C:\kurir\kurir.yaml' --json
	said '"detail": "an agent is running"'
	say "the running service looks itself"
	drop AWB1
	until_true 120 receipt AWB1
	[[ -s $drive/kurir/data/kurir.log ]] || die "a service without log.file has no log"
	grep -q 'kurir starts' "$drive/kurir/data/kurir.log" || die "the log does not begin as it should"
	kurir 0 service restart
	drop AWB2
	until_true 120 receipt AWB2
	kurir 0 service stop
	state STOPPED || die "does not stop"
	grep -q 'agent stopped' "$drive/kurir/data/kurir.log" || die "was not stopped in good order"
	kurir 0 service stop
	say "a set came to its receipt; started, stopped, restarted"

	drop AWB3
	leave_wine
	timeout 20 wineserver -k || true
	timeout 20 wineserver -w || true
	keep_wine
	until_true 120 receipt AWB3
	say "started with the machine"

	kurir 0 service stop
	cp "$drive/kurir/kurir.yaml" "$work/good.yaml"
	echo 'inboxen: []' >>"$drive/kurir/kurir.yaml"
	kurir 2 service start
	said inboxen
	win net start kurir || true
	until_true 120 state STOPPED
	said 1066
	kurir 1 service status
	said "exit code 1"
	cp "$work/good.yaml" "$drive/kurir/kurir.yaml"
	rm -f "$drive/kurir/data/control.json"
	timeout 600 wine "$program" run -c 'C:\kurir\kurir.yaml' </dev/null >"$work/foreground" 2>&1 8>&- &
	local foreground=$!
	until_true 120 test -e "$drive/kurir/data/control.json"
	kurir 1 service start # the other one has the journal: seen when the service starts, not before
	said 'the last error in C:\kurir\data\kurir.log: '
	said 'Event Viewer'
	kill "$foreground"
	wait "$foreground" || true
	kurir 0 service start
	say "what is wrong is a failed start, and is said"

	win reg add 'HKCU\Network\Q' /v RemotePath /d '\\server\scans' /f || die "reg add"
	sed 's#path: .*lane-1.,#path: Q:\\lane-1,#' "$work/good.yaml" >"$drive/kurir/mapped.yaml"
	kurir 1 service install --config 'C:\kurir\mapped.yaml' --name second
	said '\\server\scans\lane-1'
	say "a mapped drive is refused"

	kurir 0 service uninstall
	kurir 3 service status
	kurir 3 service uninstall
	! win reg query 'HKLM\System\CurrentControlSet\Services\EventLog\Application\kurir' || die "the event source stays"
	receipt AWB1 || die "the receipts are gone"
	[[ -e $drive/kurir/kurir.yaml && -e $drive/kurir/data/kurir.log ]] || die "the configuration or the log is gone"
	say "removed"
}

# installer MSI [WORD...]: the installer without a dialog.
installer() {
	local action=$1 msi=$2 status=0
	shift 2
	cp "$msi" "$drive/${msi##*/}"
	win msiexec "$action" "C:\\${msi##*/}" /qn "$@" || status=$?
	return "$status"
}

installed_version() {
	kurir 0 version --json
	said "\"version\": \"$1\""
}

# packages OLD NEW: two versions of the installer.
packages() {
	local old=$1 new=$2 menu version=${2##*/kurir_}
	version=${version%%_*}
	program='C:\Program Files\kurir\kurir.exe'
	local files=$drive/Program\ Files/kurir data=$drive/ProgramData/kurir
	mkdir -p "$drive/kurir"
	configuration "$drive/kurir/good.yaml" 48650

	installer /i "$old" || die "the installer of $old ended with $?"
	[[ -s $files/kurir.exe && -s $files/LICENSE.txt && -s $files/config.example.yaml ]] || die "files are missing"
	grep -q CHANGE-ME "$data/secrets/beacukai-username" || die "there is no configuration to fill in"
	menu=$(find "$drive" -path '*Start Menu*' -name kurir.url)
	[[ -n $menu ]] || die "no link to the page"
	win reg query 'HKLM\System\CurrentControlSet\Control\Session Manager\Environment' /v PATH || die "no PATH"
	said 'Program Files\kurir'
	kurir 3 service status
	say "installed; waits for its configuration"

	cp "$drive/kurir/good.yaml" "$drive/kurir/password.txt" "$data/"
	mv "$data/good.yaml" "$data/kurir.yaml"
	kurir 0 service install
	grep -q '^URL=http://127.0.0.1:48650/' "$menu" || die "the link does not lead to the page"
	kurir 0 service start
	drop AWB1
	until_true 120 receipt AWB1
	echo '# mine' >>"$data/kurir.yaml"
	cp "$data/kurir.yaml" "$work/mine.yaml"

	installer /i "$new" || die "the upgrade ended with $?"
	installed_version "$version"
	cmp "$data/kurir.yaml" "$work/mine.yaml" || die "the upgrade has changed the configuration"
	until_true 120 state RUNNING
	grep -q '^URL=http://127.0.0.1:48650/' "$menu" || die "after the upgrade the link does not lead to the page"
	kurir 0 list --state sent -c 'C:\ProgramData\kurir\kurir.yaml'
	said lane-1/AWB1
	drop AWB2
	until_true 120 receipt AWB2
	say "upgraded; configuration and journal kept, at work again"

	installer /x "$new" || die "the removal ended with $?"
	[[ ! -e $files && ! -e $menu ]] || die "files are left"
	! win reg query 'HKLM\System\CurrentControlSet\Services\kurir' || die "the service is left"
	! win reg query 'HKLM\Software\kurir' || die "the registry key is left"
	[[ -e $data/kurir.yaml ]] || die "the configuration is gone"
	receipt AWB2 || die "the receipts are gone"
	say "removed"

	echo 'inboxen: []' >"$drive/kurir/bad.yaml"
	! installer /i "$new" 'CONFIG=C:\kurir\bad.yaml' || die "a configuration that is wrong was taken"
	[[ ! -e $files/kurir.exe ]] || die "a refused installation leaves files"
	installer /i "$new" 'CONFIG=C:\kurir\good.yaml' || die "the silent installation ended with $?"
	state RUNNING || die "the service does not run after a silent installation"
	installer /x "$new" || die "the removal ended with $?"
	say "a configuration that is named is checked and used"
}

keep_wine
start_simulator
if (($# == 2)); then
	packages "$(realpath "$1")" "$(realpath "$2")"
else
	story
fi
leave_wine
say "done"
