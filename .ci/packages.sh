#!/usr/bin/env bash
# Makes all packages and looks at them: contents, sums, signatures; twice, to see that the same comes out. Installs, upgrades
# and removes the .deb and the .rpm on a machine booted by systemd, and the .msi under Wine.
#
# Usage: packages.sh [made|linux|windows...]     all of it unless named; linux and windows need what made has left in KURIR_PACKAGES
set -euo pipefail

cd "$(dirname "$0")/.."
# Git refuses root, and anyone else, a checkout that belongs to another account unless it is told that this one is meant.
n=${GIT_CONFIG_COUNT:-0}
export "GIT_CONFIG_KEY_$n=safe.directory" "GIT_CONFIG_VALUE_$n=$(pwd -P)" GIT_CONFIG_COUNT=$((n + 1))
readonly old=1.0.0 new=1.0.1
box=${KURIR_PACKAGES:-$(mktemp -d "${TMPDIR:-/tmp}/kurir-packages.XXXXXX")}
[[ -n ${KURIR_PACKAGES:-} ]] || trap 'rm -rf "$box"' EXIT
export KURIR_TOOLS=${KURIR_TOOLS:-$box/tools}

die() { echo "packages.sh: $*" >&2; exit 1; }
tell() { printf '   packages: %s (%d s)\n' "$*" "$SECONDS"; }

# holds PATTERN: a line of standard input matches.
holds() { grep -E -- "$1" >/dev/null || die "$2 lacks $1"; }

# The former version is signed, with a certificate made for the purpose.
make_old() {
	openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=kurir test" -addext "extendedKeyUsage=codeSigning" \
		-keyout "$box/key.pem" -out "$box/cert.pem" 2>/dev/null
	KURIR_PLATFORMS="linux/amd64 windows/amd64" KURIR_SIGN_CERT=$box/cert.pem KURIR_SIGN_KEY=$box/key.pem install/package.sh "$old" "$box/old" >/dev/null
	unzip -q -o -d "$box/exe" "$box/old/kurir_${old}_windows_amd64.zip"
	local file
	for file in "$box/exe/kurir_${old}_windows_amd64/kurir.exe" "$box/old/kurir_${old}_amd64.msi"; do
		osslsigncode verify -CAfile "$box/cert.pem" -in "$file" >"$box/verify" 2>&1 || { cat "$box/verify"; die "$file is not signed"; }
	done
	tell "version $old, signed"
}

make_new() {
	install/package.sh "$new" "$box/new" >/dev/null
	# the second time as in a checkout of someone else's
	GIT_TEST_ASSUME_DIFFERENT_OWNER=1 KURIR_PLATFORMS="linux/amd64 windows/amd64" install/package.sh "$new" "$box/again" >/dev/null
	local file
	for file in "$box/again"/kurir_*; do
		cmp "$file" "$box/new/${file##*/}" || die "the same commit has given another ${file##*/}"
	done
	tell "version $new, twice the same"
}

look() {
	local dir=$box/new arch
	(cd "$dir" && sha256sum --quiet --strict --check SHA256SUMS && [[ $(wc -l <SHA256SUMS) == 15 ]]) || die "SHA256SUMS"
	for arch in amd64 arm64; do
		dpkg-deb --info "$dir/kurir_${new}_$arch.deb" >"$box/info"
		holds "^ Architecture: $arch" "the .deb" <"$box/info"
		holds "^ Version: $new" "the .deb" <"$box/info"
		[[ $(dpkg-deb --info "$dir/kurir_${new}_$arch.deb" conffiles) == /etc/kurir/kurir.yaml* ]] || die "kurir.yaml is no conffile"
		dpkg-deb --contents "$dir/kurir_${new}_$arch.deb" | holds '^-rw-r----- root/kurir .*/etc/kurir/kurir.yaml' "the .deb"
		rpm -qp --queryformat '%{VERSION} %{ARCH}\n' "$dir/kurir_${new}_$arch.rpm" | holds "^$new (x86_64|aarch64)" "the .rpm"
		rpm -qp --configfiles "$dir/kurir_${new}_$arch.rpm" | holds '^/etc/kurir/kurir.yaml' "the .rpm"
	done
	tar -C "$box" -xzf "$dir/kurir_${new}_linux_amd64.tar.gz"
	cp "$box/kurir_${new}_linux_amd64/kurir" "$box/kurir"
	if [[ $(uname -m) == x86_64 ]]; then
		"$box/kurir" version --json >"$box/info"
		holds "\"version\": \"$new\"" "version --json" <"$box/info"
		holds "\"commit\": \"$(git rev-parse HEAD)\"" "version --json" <"$box/info"
	fi
	! ldd "$box/kurir" >/dev/null 2>&1 || die "the binary is not static"
	for arch in amd64 arm64; do
		msiinfo export "$dir/kurir_${new}_$arch.msi" Property >"$box/info"
		holds "ProductVersion.*$new" "the .msi" <"$box/info"
		holds 'UpgradeCode.*8C0B6E1F-0C1D-4B57-9C0E-5A5C39F2B7D4' "the .msi" <"$box/info"
	done
	msiinfo suminfo "$dir/kurir_${new}_arm64.msi" | holds '^Template: Arm64;1033' "the .msi"
	msiinfo suminfo "$dir/kurir_${new}_amd64.msi" | holds '^Template: x64;1033' "the .msi"
	unzip -q -o -d "$box/exe" "$dir/kurir_${new}_windows_amd64.zip"
	"$KURIR_TOOLS/go-winres" extract --dir "$box/winres" "$box/exe/kurir_${new}_windows_amd64/kurir.exe"
	holds "$new.0" "the version resource" <"$box/winres/winres.json"
	holds 'RT_GROUP_ICON' "kurir.exe" <"$box/winres/winres.json"
	holds '"bomFormat": "CycloneDX"' "the SBOM" <"$dir/kurir_${new}_linux.cdx.json"
	holds 'pkg:golang/go.etcd.io/bbolt@' "the SBOM" <"$dir/kurir_${new}_linux.cdx.json"
	tell "contents, sums, versions and SBOM are right"
}

linux_life() {
	cp "$box/old/kurir_${old}_amd64.deb" "$box/old.deb"
	cp "$box/new/kurir_${new}_amd64.deb" "$box/new.deb"
	cp "$box/new/kurir_${new}_amd64.rpm" "$box/new.rpm"
	.ci/systemd.sh "$box" .ci/packages-inside.sh 600
}

parts=("$@")
(($#)) || parts=(made linux windows)
for part in "${parts[@]}"; do
	case $part in
		made) make_old; make_new; look ;;
		linux) linux_life ;;
		windows) .ci/wineservice.sh "$box/old/kurir_${old}_amd64.msi" "$box/new/kurir_${new}_amd64.msi" ;;
		*) die "$part is no part" ;;
	esac
done
