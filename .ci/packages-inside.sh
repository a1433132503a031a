#!/usr/bin/env bash
# The life of the packages, told inside a machine that systemd.sh has booted: in /box are old.deb, new.deb, new.rpm, and
# kurir for the simulator. It ends with 0 when all of it was true.
set -uo pipefail

readonly config=/etc/kurir/kurir.yaml simulator=http://127.0.0.1:8651
readonly inbox=/srv/kurir/inbox/lane-1 outbox=/srv/kurir/outbox/xray

tell() { printf '   packages: %s (%d s)\n' "$*" "$SECONDS"; }

fail() {
	echo "FAILED: $*"
	cat /tmp/said 2>/dev/null
	journalctl --no-pager -o cat -u kurir -n 40
	exit 1
}

# must COMMAND...: it succeeds; what it said is in /tmp/said.
must() { "$@" >/tmp/said 2>&1 </dev/null || fail "$* ended with $?"; }
said() { grep -qF -- "$1" /tmp/said || fail "not said: $1"; }

# await SECONDS COMMAND...: until the command succeeds.
await() {
	local until=$((SECONDS + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		((SECONDS < until)) || fail "waited in vain for: $*"
		sleep 0.1
	done
}

receipt() { compgen -G "$outbox/sent/*/$1.receipt.json" >/dev/null && [[ ! -e $inbox/$1 ]]; }
count() { curl -fsS "$simulator/simulator/record" | grep -oP "\"$1\": \\K\\d+" | sed -n 1p; }
met() { (($(curl -fsS "$simulator/simulator/faults" | grep -oP '"fired": \K\d+' | sed -n 1p) > 0)); }
faults() { curl -fsS "$simulator/simulator/faults" -d "$1" >/dev/null || fail "no fault script"; }

# drop SET: a set of two photos.
drop() {
	mkdir "$inbox/$1.tmp"
	for n in 1 2; do
		{ printf 'GIF89a%s-%s' "$1" "$n"; head -c 100000 /dev/zero; } >"$inbox/$1.tmp/$n.gif"
	done
	printf '{"nomorAju":"AJU-%s","nomorBlAwb":"%s","tanggalBlAwb":"2025-09-30","kodeKantor":"009000","images":["1.gif","2.gif"]}' \
		"$1" "$1" >"$inbox/$1.tmp/data.json"
	chown -R kurir: "$inbox/$1.tmp"
	mv "$inbox/$1.tmp" "$inbox/$1"
}

# tree FILE: every file of the machine, and the accounts, as far as a package has to leave them as they were.
tree() {
	{
		find /etc /usr /var /srv /opt -xdev \( -path /var/lib/dpkg -o -path /var/log -o -path /var/cache -o -path /var/tmp \
			-o -path /var/lib/systemd -o -path /var/lib/private \) -prune -o -print | grep -vE '^/etc/(passwd|group|g?shadow|sub[ug]id)-?$'
		getent passwd | cut -d: -f1
		getent group | cut -d: -f1
	} | LC_ALL=C sort >"$1"
}

first_install() {
	must dpkg --install /box/old.deb
	said 'sudo kurir check && sudo kurir service install && sudo kurir service start'
	[[ $(stat -c '%a %U:%G' "$config") == '640 root:kurir' ]] || fail "kurir.yaml is $(stat -c '%a %U:%G' "$config")"
	[[ ! -e /etc/systemd/system/kurir.service ]] || fail "a service without a configuration would never work"
	for file in /usr/share/man/man1/kurir.1.gz /usr/share/bash-completion/completions/kurir /usr/share/doc/kurir/README.md; do
		[[ -s $file ]] || fail "$file is not there"
	done
	kurir service install >/tmp/said 2>&1 && fail "a configuration that is yet to be filled in was taken"
	said CHANGE-ME
	tell "installed; waits for its configuration"
}

# The configuration of the package, filled in: for this machine's simulator and quicker than in real life.
configure() {
	echo demo >/etc/kurir/secrets/beacukai-username
	echo demo >/etc/kurir/secrets/beacukai-password
	sed -i -e "s#https://apis-gw.beacukai.go.id/openapi/cnpibk#$simulator/openapi/cnpibk#" \
		-e "s#https://apis-gw.beacukai.go.id/#$simulator/#" \
		-e "s#^    outbox: .*#&\n    retry: {first: 1s, max: 2s}#" "$config"
	must dpkg-reconfigure kurir
	[[ $(systemctl is-enabled kurir) == enabled ]] || fail "the service is not enabled"
	systemctl is-active --quiet kurir || fail "the service does not run"
	drop first
	await 120 receipt first
	tell "configured, enabled, at work"
}

upgrade() {
	cp "$config" /tmp/kurir.yaml
	faults '[{"op":"kirim","nomorAju":"AJU-up1","do":"stall","when":"stored","count":1},{"op":"kirim","nomorAju":"AJU-up2","readRate":1000,"count":1}]'
	drop up1
	drop up2
	await 120 met
	local before
	before=$(systemctl show --property=MainPID --value kurir)
	must dpkg --install /box/new.deb
	faults '[]'
	[[ $(systemctl show --property=MainPID --value kurir) != "$before" ]] || fail "the old version goes on"
	must kurir status --json
	said "\"version\": \"$(dpkg-deb --field /box/new.deb Version | sed 's/-1$//')\""
	await 120 receipt up1
	await 120 receipt up2
	cmp "$config" /tmp/kurir.yaml || fail "the configuration was changed"
	must kurir list --state sent
	said lane-1/first
	[[ $(count photos) == 6 && $(count sameContent) == 0 ]] || fail "$(count photos) photos, $(count sameContent) of them again"
	tell "upgraded with work in flight: journal and configuration kept, nothing sent twice"
}

removal() {
	must dpkg --remove kurir
	[[ -e $config && -e /var/lib/kurir/journal.db ]] || fail "remove has taken the configuration or the journal"
	[[ ! -e /etc/systemd/system/kurir.service ]] || fail "remove has left the unit"
	must dpkg --install /box/new.deb
	systemctl is-active --quiet kurir || fail "installed again with its configuration it does not start"
	drop last
	await 120 receipt last
	must dpkg --purge kurir
	tree /tmp/after
	comm -13 /tmp/before /tmp/after | grep -vE "^/srv/kurir(/outbox(/xray(/(sent|status)(/.*)?)?)?)?$" && fail "purge has left these"
	comm -23 /tmp/before /tmp/after | grep . && fail "purge has taken these"
	receipt last || fail "purge has taken receipts"
	[[ ! -e $inbox ]] || fail "an empty inbox stays"
	rm -r /srv/kurir
	tell "removed and purged: what is the user's is still there, and nothing else"
}

# The RPM holds the same files and scripts; they are called otherwise.
rpm_package() {
	local db=(--dbpath /tmp/rpm --nodeps)
	must rpm "${db[@]}" --install /box/new.rpm
	said 'sudo kurir service install'
	[[ $(stat -c '%a %U:%G' "$config") == '640 root:kurir' ]] || fail "kurir.yaml of the RPM is $(stat -c '%a %U:%G' "$config")"
	echo demo | tee /etc/kurir/secrets/beacukai-username >/etc/kurir/secrets/beacukai-password
	must kurir service install
	must kurir service start
	must rpm "${db[@]}" --upgrade --force /box/new.rpm
	systemctl is-active --quiet kurir || fail "after an upgrade of the RPM it does not run"
	must rpm "${db[@]}" --erase kurir
	[[ ! -e /etc/systemd/system/kurir.service && ! -e /usr/bin/kurir ]] || fail "the RPM leaves the service"
	grep -q demo /etc/kurir/secrets/beacukai-password* || fail "the RPM takes what was configured"
	tell "the RPM installed, upgraded and removed"
}

systemd-run --quiet --unit=simulator /box/kurir simulate --listen "${simulator#http://}" || fail "no simulator"
await 120 curl -fsS "$simulator/"
[[ ! -e $config && ! -e /srv/kurir ]] || fail "kurir is on this machine already"
tree /tmp/before
first_install
configure
upgrade
removal
rpm_package
