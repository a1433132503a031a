#!/usr/bin/env bash
# The life of kurir as a systemd service, told inside a machine that systemd.sh has booted: v1/kurir and v2/kurir are two
# versions of the binary in /box. It ends with 42 to go on after a reboot, and with 0 when all of it was true.
set -uo pipefail

readonly inbox=/srv/xray/lane-1 outbox=/srv/xray/out
readonly simulator=http://127.0.0.1:8651
readonly config=/etc/kurir/kurir.yaml

tell() { printf '   systemd: %s (%d s)\n' "$*" "$SECONDS"; }

fail() {
	echo "FAILED: $*"
	echo "--- status"
	systemctl status --no-pager --lines=0 kurir
	echo "--- journal"
	journalctl --no-pager -u kurir -u simulator -n 60
	exit 1
}

# await SECONDS COMMAND...: until the command succeeds.
await() {
	local until=$((SECONDS + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		((SECONDS < until)) || fail "waited in vain for: $*"
		sleep 0.1
	done
}

# code N COMMAND...: the command ends with N; what it said is in $said.
code() {
	local want=$1 got=0
	shift
	said=$("$@" 2>&1) || got=$?
	((got == want)) || fail "$* ended with $got instead of $want and said: $said"
}

# says TEXT: the last command of code said it.
says() { [[ $said == *"$1"* ]] || fail "not said: '$1', but: $said"; }

property() { systemctl show --property="$1" --value kurir; }
# running [PID]: it works, and not as the process PID.
running() {
	local state
	state=$(systemctl show --property=ActiveState,MainPID kurir | sort | paste -sd' ') # at one moment
	[[ $state == "ActiveState=active MainPID="* && $state != *" MainPID=0" && $state != *" MainPID=${1:-0}" ]]
}
# logged TEXT: it is in the service's journal. All of that is read: who writes into a pipe that nobody reads any more fails.
logged() { journalctl --no-pager -o cat -u kurir | grep -E -- "$1" >/dev/null; }
overdue() { journalctl --no-pager -o cat | grep -F 'kurir.service: Watchdog timeout' >/dev/null; }
as() { setpriv --reuid="$1" --regid="$(id -g "$1")" --init-groups "${@:2}"; }

simulate() {
	systemd-run --quiet --unit=simulator /box/v1/kurir simulate --listen "${simulator#http://}" || fail "no simulator"
	await 120 curl -fsS "$simulator/"
}

# faults JSON: how the simulator behaves from now on.
faults() { curl -fsS "$simulator/simulator/faults" -d "$1" >/dev/null || fail "no fault script"; }

# count NAME: one of the simulator's counts of what has arrived; met N: the N-th rule has fired.
count() { curl -fsS "$simulator/simulator/record" | grep -oP "\"$1\": \\K\\d+" | sed -n 1p; }
met() { (($(curl -fsS "$simulator/simulator/faults" | grep -oP '"fired": \K\d+' | sed -n "$1p") > 0)); }
stored() { curl -fsS "$simulator/simulator/record?nomorAju=AJU-$1" | grep '"sha256"' >/dev/null; }

# each_once N: the server has the two photos of N sets, none of them twice.
each_once() {
	[[ $(count photos) == $(($1 * 2)) && $(count sameContent) == 0 ]] ||
		fail "$(count photos) photos of $1 sets arrived, $(count sameContent) of them again"
}

receipt() { compgen -G "$outbox/sent/*/$1.receipt.json" >/dev/null && [[ ! -e $inbox/$1 ]]; }

# drop SET [NAME]: another account delivers a set of two photos as a scanner does, under another NAME if there is one.
drop() {
	local set=$1 name=${2:-$1}
	rm -rf /tmp/set
	mkdir /tmp/set
	for n in 1 2; do # of a GIF the beginning is looked at
		{ printf 'GIF89a%s-%s' "$set" "$n"; head -c 100000 /dev/zero; } >"/tmp/set/$n.gif"
	done
	printf '{"nomorAju":"AJU-%s","nomorBlAwb":"%s","tanggalBlAwb":"2025-09-30","kodeKantor":"009000","images":["1.gif","2.gif"]}' \
		"$set" "$set" >/tmp/set/data.json
	chmod -R go+rX /tmp/set
	as scanner bash -euc 'umask 022; mkdir "$0.tmp"; cp /tmp/set/* "$0.tmp/"; mv "$0.tmp" "$0"' "$inbox/$name" ||
		fail "$name was not delivered"
}

configure() {
	mkdir -p /etc/kurir/secrets
	echo demo >/etc/kurir/secrets/password
	echo 'ACCOUNT="demo"' >/etc/kurir/kurir.env
	cat >"$config" <<-YAML
		data_dir: /var/lib/kurir
		language: en
		beacukai:
		  base_url: $simulator/openapi/cnpibk
		  auth: {login: {username: "\${ACCOUNT}", password: "\${file:secrets/password}"}}
		inboxes:
		  - name: lane-1
		    kind: xray
		    path: $inbox
		    outbox: $outbox
		    retry: {first: 1s, max: 2s}
	YAML
	chmod -R u=rwX,go= /etc/kurir # for root's eyes only: the service gets all of it as credentials
}

refusals() {
	code 3 kurir service status
	says 'not installed'
	for verb in uninstall start stop restart; do
		code 3 kurir service $verb
		says 'not installed'
	done
	code 3 env LANG=id_ID.UTF-8 kurir service stop
	says 'tidak terpasang'
	code 1 as nobody kurir service install -c "$config"
	says 'with sudo'
	code 1 as nobody env LANG=id_ID.UTF-8 kurir service start
	says 'dengan sudo'
	code 2 kurir service install --name 'a b'
	code 2 kurir service install --user nosuchuser
	says nosuchuser

	echo 'nonsense: 1' >>"$config"
	code 2 kurir service install
	says 'nonsense'
	sed -i '$d' "$config"

	mkdir -p "$outbox/theirs" # root's, and so of no use to the service
	code 2 kurir service install
	says 'outbox: open'
	says 'kurir is not installed'
	rm -r "$outbox"
	[[ ! -e /etc/systemd/system/kurir.service ]] || fail "a unit is there all the same"
	tell "what cannot work is refused"
}

installation() {
	code 0 kurir service install
	says "folder $outbox made"
	says 'as the account kurir'
	[[ $(stat -c %U "$inbox" "$outbox" /var/lib/kurir | sort -u) == kurir ]] || fail "the folders are not the service's"
	getent passwd kurir | grep -q nologin || fail "the account is one to log in with"
	code 0 kurir service install
	says 'like this already'
	code 1 kurir service status
	says 'stopped'
	systemd-analyze verify kurir.service || fail "systemd does not like the unit"
	said=$(systemd-analyze security --offline=true --threshold=25 --no-pager /etc/systemd/system/kurir.service) ||
		fail "the sandbox is too wide: $said"
	tell "installed;$(tail -n 1 <<<"$said" | sed 's/.*exposure level for/ exposure of/')"
}

work() {
	code 0 kurir service start
	running || fail "start came back before the service worked"
	code 0 kurir service status
	useradd --no-create-home --groups kurir scanner || fail "no scanner"
	drop first
	await 120 receipt first
	code 0 kurir check
	says 'as the account kurir'
	says 'config       account      kurir'
	says 'same file system'
	code 0 kurir check --direct
	says 'config       account      root'
	await 120 logged '^level=INFO msg="kurir starts" version=1\.0\.0 .*user=kurir config=/etc/kurir/kurir.yaml'
	await 120 logged "msg=inbox .*path=$inbox"
	logged 'time=' && fail "the journal has the time twice"
	each_once 1
	tell "a set of another account was sent"
}

crashes() {
	local pid
	pid=$(property MainPID)
	kill -9 "$pid"
	await 120 running "$pid"
	drop crash
	await 120 receipt crash

	# what no one has asked to end ends with a code that systemd takes for a failure
	pid=$(property MainPID)
	kill -ABRT "$pid"
	await 120 running "$pid"
	[[ $(property NRestarts) == 2 ]] || fail "$(property NRestarts) restarts instead of 2"

	mkdir -p /etc/systemd/system/kurir.service.d
	printf '[Service]\nWatchdogSec=2s\n' >/etc/systemd/system/kurir.service.d/test.conf
	systemctl daemon-reload
	code 0 kurir service restart
	pid=$(property MainPID)
	kill -STOP "$pid"
	await 120 running "$pid"
	await 120 overdue
	rm -r /etc/systemd/system/kurir.service.d
	systemctl daemon-reload
	code 0 kurir service restart
	tell "killed, aborted and frozen, and back each time"
}

# One set has arrived but the server does not say so; of another a part is on its way.
in_flight() {
	faults '[{"op":"kirim","nomorAju":"AJU-'"$1"'1","do":"stall","when":"stored","count":1},{"op":"kirim","nomorAju":"AJU-'"$1"'2","readRate":1000,"count":1}]'
	drop "${1}1"
	drop "${1}2"
	await 120 stored "${1}1"
	await 120 met 2
}

interruption() {
	in_flight stop
	code 0 kurir service stop
	[[ $(property Result) == success && $(property ExecMainStatus) == 0 ]] ||
		fail "stopped with $(property Result), $(property ExecMainStatus)"
	code 1 kurir service status
	faults '[]'
	code 0 kurir service start
	await 120 receipt stop1
	await 120 receipt stop2
	each_once 4

	code 0 kurir service stop
	code 0 kurir journal compact # by root; "service start" would give to the service what it leaves
	systemctl start kurir || fail "the service cannot open the journal that root has compacted"
	tell "stopped while uploading; nothing was sent twice; root has compacted the journal meanwhile"
}

mistakes() {
	local pid
	pid=$(property MainPID)
	echo 'nonsense: 1' >>"$config"
	code 2 kurir service restart # it is told before the service is touched
	says nonsense
	[[ $(property MainPID) == "$pid" ]] || fail "the service was touched"
	systemctl restart kurir 2>/dev/null && fail "a start with a bad configuration was a success"
	code 1 kurir service status
	says 'exit-code 2'
	await 120 logged "nonsense: unknown key"
	sed -i '$d' "$config"
	await 120 running # without anyone's help

	cat >>"$config" <<-YAML
		  - {name: lane-2, kind: xray, path: /srv/second/in, outbox: /srv/second/out}
	YAML
	code 0 kurir service restart # the sandbox grows with the configuration
	says '/srv/second/in made'
	code 0 kurir check
	tell "a bad configuration fails visibly; a new inbox is let in"
}

upgrade() {
	in_flight up
	install -m 755 /box/v2/kurir /usr/local/bin/kurir
	code 0 kurir service install
	code 0 kurir service restart
	faults '[]'
	code 0 kurir status --json
	says '"version": "2.0.0"'
	await 120 receipt up1
	await 120 receipt up2
	code 0 kurir list --state sent
	says lane-1/first
	drop first again # the journal knows: not sent a second time
	await 120 test ! -e "$inbox/again"
	each_once 6
	tell "upgraded with work in flight"
}

after_reboot() {
	await 120 running
	[[ $(property NRestarts) == 0 ]] || fail "it did not start at once"
	code 0 kurir service status
	drop reboot
	await 120 receipt reboot
	code 0 kurir list --state sent
	says lane-1/up2
	tell "started with the machine"
}

second_instance() {
	sed -e 's#/srv/#/srv/two/#; s#/var/lib/kurir#/var/lib/kurir-two#' "$config" >/etc/kurir/two.yaml
	cp /etc/kurir/kurir.env /etc/kurir/two.env
	echo 'dashboard: {listen: "127.0.0.1:8652"}' >>/etc/kurir/two.yaml
	code 0 kurir service install --name two -c /etc/kurir/two.yaml
	code 0 kurir service start --name two
	code 0 kurir service status --name two
	says 'kurir-two: running'
	code 0 kurir service status
	code 0 kurir service uninstall --name two
	code 3 kurir service status --name two
	code 0 kurir service status
	tell "a second instance came and went"
}

removal() {
	code 0 kurir service uninstall
	code 3 kurir service uninstall
	code 3 kurir service status
	local left
	left=$(find /etc/systemd /run/systemd/system /usr/lib/systemd/system -name 'kurir*' ! -name 'kurir-story*')
	[[ -z $left ]] || fail "left behind: $left"
	pgrep -u kurir && fail "processes of the service are left"
	for kept in "$config" /var/lib/kurir/journal.db "$inbox" "$outbox/sent"; do
		[[ -e $kept ]] || fail "$kept is gone"
	done
	tell "removed; what is the user's is still there"
}

simulate
if [[ ! -e /var/lib/kurir/journal.db ]]; then
	install -m 755 /box/v1/kurir /usr/local/bin/kurir
	configure
	refusals
	installation
	work
	crashes
	interruption
	mistakes
	upgrade
	exit 42
fi
after_reboot
second_instance
removal
