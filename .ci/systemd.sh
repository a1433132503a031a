#!/usr/bin/env bash
# Runs a script on a machine that was booted by a real systemd: this machine's files, seen through a throw-away overlay,
# in a container without a network.
#
# Usage: systemd.sh BOX SCRIPT [SECONDS]
#
# Inside, BOX is the folder /box, and SCRIPT runs as root once the basic system is up, at most SECONDS (600) a boot. When
# it ends with 42 the machine is shut down, booted again and SCRIPT run anew, with all files as they were left. Any other
# code is this script's own. What it says is printed here. Needs root, systemd and systemd-nspawn.
set -euo pipefail

(($# >= 2)) || { echo "usage: systemd.sh BOX SCRIPT [SECONDS]" >&2; exit 2; }
box=$(cd "$1" && pwd)
script=$(realpath "$2")
seconds=${3:-600}

# All mounts below belong to a namespace of their own, which is gone with this process.
if [[ ${KURIR_BOOT_NAMESPACE:-} != yes ]]; then
	((EUID == 0)) || { echo "systemd.sh: a machine can only be booted by root" >&2; exit 1; }
	command -v systemd-nspawn >/dev/null || { echo "systemd.sh: systemd-nspawn is missing (package systemd-container)" >&2; exit 1; }
	KURIR_BOOT_NAMESPACE=yes exec unshare --mount --propagation private -- bash "$0" "$@" </dev/null
fi

readonly cgroups=/sys/fs/cgroup
readonly group=$cgroups/kurir-boot-$$
machine=$(mktemp -d "${TMPDIR:-/tmp}/kurir-boot.XXXXXX")

cleanup() {
	[[ ! -e $group/cgroup.kill ]] || echo 1 >"$group/cgroup.kill"
	for _ in {1..50}; do
		[[ -d $group ]] || break
		find "$group" -depth -type d -exec rmdir {} + 2>/dev/null || sleep 0.1
	done
	umount "$machine/root" "$machine" 2>/dev/null || true
	rmdir "$machine" 2>/dev/null || true
}
trap cleanup EXIT

# systemd-nspawn wants the unified hierarchy alone, and a /run of its own.
umount -R "$cgroups" 2>/dev/null || true
mount -t cgroup2 cgroup2 "$cgroups"
mkdir "$group"
mount -t tmpfs -o mode=0755 tmpfs /run

mount -t tmpfs -o mode=0755 tmpfs "$machine"
mkdir "$machine/upper" "$machine/work" "$machine/root"
mount -t overlay -o "lowerdir=/,upperdir=$machine/upper,workdir=$machine/work" overlay "$machine/root"
root=$machine/root

rm -f "$root/.dockerenv"
rm -rf "$root/etc/systemd/system/"*.wants # what else this machine runs has no part in it
: >"$root/etc/fstab"
echo 00112233445566778899aabbccddeeff >"$root/etc/machine-id"
mkdir -p "$root/box"
cp "$script" "$root/usr/local/sbin/kurir-story"
chmod 755 "$root/usr/local/sbin/kurir-story"
cat >"$root/etc/systemd/system/kurir-story.service" <<UNIT
[Unit]
Description=the story that this machine was booted for
Wants=dbus.socket
After=basic.target dbus.socket
SuccessAction=exit
FailureAction=exit

[Service]
Type=oneshot
ExecStart=/usr/local/sbin/kurir-story
WorkingDirectory=/root
Environment=HOME=/root LANG=C.UTF-8 PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
StandardOutput=append:/box/story.log
StandardError=append:/box/story.log
TimeoutStartSec=$seconds
UNIT
boot() {
	# shellcheck disable=SC2016 # the inner shell expands them
	timeout --kill-after=10 $((seconds + 60)) bash -c 'echo $$ >"$0/cgroup.procs"; exec "$@"' "$group" \
		systemd-nspawn --quiet --directory="$root" --register=no --keep-unit --private-network --machine=kurir-box \
		--console=pipe --link-journal=no --bind="$box:/box" --boot "systemd.unit=multi-user.target" \
		systemd.wants=kurir-story.service >"$machine/console" 2>&1
}

: >"$box/story.log"
status=42 boots=0
while ((status == 42 && boots < 5)); do
	boots=$((boots + 1))
	status=0
	boot || status=$?
	if [[ ! -s $box/story.log ]]; then
		tail -n 40 "$machine/console" >&2
	fi
done
cat "$box/story.log"
exit "$status"
