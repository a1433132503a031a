#!/usr/bin/env bash
# Makes all that a release consists of, from the commit that is checked out; changes in the working tree are not in it.
#
# Usage: install/package.sh VERSION [OUTDIR]     such as 1.4.0 or 1.5.0-rc.1; OUTDIR is dist unless given
#
#   kurir_VERSION_OS_ARCH.tar.gz, .zip   the binary, README, LICENSE and config.example.yaml
#   kurir_VERSION_ARCH.deb, .rpm         for Linux servers: service, configuration, manual, completions
#   kurir_VERSION_ARCH.msi               for Windows: service, event source, link to the page
#   kurir_VERSION_OS.cdx.json            the SBOM: what the binary was made of (CycloneDX)
#   SHA256SUMS                           of all of them
#
# The same commit, VERSION and Go release give the same files, byte for byte, as long as nothing is signed. With
# KURIR_SIGN_CERT and KURIR_SIGN_KEY (PEM files) kurir.exe and the .msi are signed; with KURIR_SIGN_TIMESTAMP (the
# address of a time-stamping authority) the signatures outlive the certificate.
#
# KURIR_PLATFORMS is which platforms to build for, if not all: "linux/amd64 windows/amd64".
#
# It needs Go, git, tar, gzip, zip, msitools and wixl; osslsigncode for signing. What is made in Go it installs itself,
# into KURIR_TOOLS if that is set.
set -euo pipefail
export LC_ALL=C TZ=UTC
umask 022

readonly nfpm=2.45.0 winres=0.3.3 sbom=1.10.0
read -ra platforms <<<"${KURIR_PLATFORMS:-linux/amd64 linux/arm64 windows/amd64 windows/arm64 darwin/amd64 darwin/arm64}"
readonly texts=(README.md README.id.md LICENSE config.example.yaml)

die() { echo "package.sh: $*" >&2; exit 1; }

(($# == 1 || $# == 2)) || die "usage: install/package.sh VERSION [OUTDIR]"
version=$1
[[ $version =~ ^([0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,5})(-[0-9A-Za-z.]+)?$ ]] ||
	die "$version is no version such as 1.4.0 or 1.5.0-rc.1"
numbers=${BASH_REMATCH[1]}
[[ -z ${KURIR_SIGN_CERT:-} || -n ${KURIR_SIGN_KEY:-} ]] || die "KURIR_SIGN_CERT is set, but not KURIR_SIGN_KEY"

mkdir -p "${2:-dist}"
out=$(cd "${2:-dist}" && pwd)
cd "$(dirname "$0")/.."
# Git refuses root, and anyone else, a checkout that belongs to another account unless it is told that this one is meant.
n=${GIT_CONFIG_COUNT:-0}
export "GIT_CONFIG_KEY_$n=safe.directory" "GIT_CONFIG_VALUE_$n=$(pwd -P)" GIT_CONFIG_COUNT=$((n + 1))
work=$(mktemp -d "${TMPDIR:-/tmp}/kurir-package.XXXXXX")
trap 'rm -rf "$work"' EXIT
src=$work/src bin=$work/bin
tools=${KURIR_TOOLS:-$work/tools}
mkdir "$src" "$bin"

commit=$(git rev-parse HEAD)
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
export SOURCE_DATE_EPOCH
date=$(date -d "@$SOURCE_DATE_EPOCH" +%Y-%m-%dT%H:%M:%SZ)
git archive "$commit" | tar -xf - -C "$src"

# calm FILE...: gives files and folders the commit's time.
calm() { find "$@" -exec touch --no-dereference --date "@$SOURCE_DATE_EPOCH" {} +; }

# uuid WHAT: a name for something that is the same whenever it is made of the same.
uuid() {
	local h
	h=$(printf '%s' "kurir $1" | sha256sum)
	printf '%s-%s-5%s-8%s-%s\n' "${h:0:8}" "${h:8:4}" "${h:13:3}" "${h:17:3}" "${h:20:12}" | tr '[:lower:]' '[:upper:]'
}

# tool NAME MODULE VERSION: installs a tool that is not there yet.
tool() {
	[[ -x $tools/$1 ]] || (cd "$work" && CGO_ENABLED=0 GOBIN=$tools GOFLAGS=-buildvcs=false go install "$2@v$3")
}

# sign FILE: in place, when there is a certificate.
sign() {
	[[ -n ${KURIR_SIGN_CERT:-} ]] || return 0
	local stamp=()
	[[ -z ${KURIR_SIGN_TIMESTAMP:-} ]] || stamp=(-ts "$KURIR_SIGN_TIMESTAMP")
	osslsigncode sign -certs "$KURIR_SIGN_CERT" -key "$KURIR_SIGN_KEY" -h sha256 -n kurir "${stamp[@]}" \
		-in "$1" -out "$1.signed" >"$work/sign.log" 2>&1 || { cat "$work/sign.log" >&2; die "could not sign ${1##*/}"; }
	mv "$1.signed" "$1"
}

# resources: version, icon and manifest for the Windows binaries, where go build looks for them.
resources() {
	(cd "$src" && GOFLAGS=-buildvcs=false go run ./install/icon) >"$work/kurir.ico"
	cp "$src/install/windows/winres.json" "$work/"
	(cd "$work" && "$tools/go-winres" make --in winres.json --arch amd64,arm64 --out "$src/rsrc" \
		--product-version "$version" --file-version "$numbers.0")
}

binaries() {
	local platform os arch file
	for platform in "${platforms[@]}"; do
		os=${platform%/*} arch=${platform#*/}
		file=$bin/${os}_$arch/kurir
		[[ $os != windows ]] || file+=.exe
		(cd "$src" && CGO_ENABLED=0 GOOS=$os GOARCH=$arch GOFLAGS="-trimpath -buildvcs=false" go build -o "$file" -ldflags \
			"-X kurir/agent/cli.version=$version -X kurir/agent/cli.commit=$commit -X kurir/agent/cli.date=$date" .)
		[[ $os != windows ]] || sign "$file"
	done
	(cd "$src" && GOFLAGS="-trimpath -buildvcs=false" CGO_ENABLED=0 go build -o "$work/kurir" .) # to ask here
}

archives() {
	local platform name
	for platform in "${platforms[@]}"; do
		name=kurir_${version}_${platform/\//_}
		mkdir "$work/$name"
		cp "$bin/${platform/\//_}"/* "$work/$name/"
		(cd "$src" && cp "${texts[@]}" "$work/$name/")
		calm "$work/$name"
		if [[ $platform == windows/* ]]; then
			(cd "$work" && find "$name" | sort | zip -X -q -@ "$out/$name.zip")
		else
			tar -C "$work" --sort=name --owner=0 --group=0 --numeric-owner --format=gnu -cf - "$name" | gzip -9n >"$out/$name.tar.gz"
		fi
	done
}

# manual: a manual page from what the commands say of themselves.
manual() {
	local name
	printf '.TH KURIR 1 "%s" "kurir %s"\n.SH NAME\nkurir \\- courier of X-ray photo sets and Aju numbers\n' "${date%T*}" "$version"
	printf '.SH DESCRIPTION\n.nf\n'
	plain help
	for name in $("$work/kurir" __complete '' 2>/dev/null | sed -n 's/^\([a-z]*\)\t.*/\1/p'); do
		printf '.fi\n.SH "kurir %s"\n.nf\n' "$name"
		plain help "$name"
	done
	printf '.fi\n.SH FILES\n/etc/kurir/kurir.yaml, /usr/share/doc/kurir/config.example.yaml\n'
}

plain() { LANG=C "$work/kurir" "$@" 2>&1 | sed -e 's/\\/\\\\/g' -e "s/^\([.']\)/\\\\\&\1/" -e 's/-/\\-/g'; }

# configuration DIR: that of "kurir init", with the folders of a Linux server.
configuration() {
	"$work/kurir" init "$work/init" >/dev/null 2>&1
	mkdir -p "$1"
	sed -e 's#^data_dir: data  *#data_dir: /var/lib/kurir      #' -e 's#\([ :]\)inbox/#\1/srv/kurir/inbox/#' \
		-e 's#\([ :]\)outbox/#\1/srv/kurir/outbox/#' -e 's#made by "kurir init"#of the package#' \
		-e 's#dibuat oleh "kurir init"#dari paket#' -e 's#2\. kurir check#2. sudo kurir check#' \
		-e 's#3\. kurir run#3. sudo kurir service install \&\& sudo kurir service start#' \
		-e 's#, file: data/kurir.log##' "$work/init/kurir.yaml" >"$1/kurir.yaml"
	cp -r "$work/init/secrets" "$1/"
	! grep -nE 'kurir init|kurir run|: (data|inbox|outbox)\b' "$1/kurir.yaml" || die "init.yaml and package.sh no longer fit together"
}

linux_packages() {
	local arch root=$work/root kind
	mkdir -p "$work/scripts" "$root"/usr/{bin,share/doc/kurir,share/man/man1,share/bash-completion/completions} \
		"$root"/usr/share/{zsh/vendor-completions,fish/vendor_completions.d}
	cp "$src"/install/linux/* "$work/scripts/"
	(cd "$src" && cp README.md README.id.md config.example.yaml "$root/usr/share/doc/kurir/" && cp LICENSE "$root/usr/share/doc/kurir/copyright")
	manual | gzip -9n >"$root/usr/share/man/man1/kurir.1.gz"
	"$work/kurir" completion bash >"$root/usr/share/bash-completion/completions/kurir"
	"$work/kurir" completion zsh >"$root/usr/share/zsh/vendor-completions/_kurir"
	"$work/kurir" completion fish >"$root/usr/share/fish/vendor_completions.d/kurir.fish"
	configuration "$root/etc/kurir"
	for arch in amd64 arm64; do
		[[ -d $bin/linux_$arch ]] || continue
		cp "$bin/linux_$arch/kurir" "$root/usr/bin/kurir"
		calm "$root" "$work/scripts"
		for kind in deb rpm; do
			(cd "$work" && ARCH=$arch VERSION=$version "$tools/nfpm" package --config "$src/install/nfpm.yaml" \
				--packager "$kind" --target "$out/kurir_${version}_$arch.$kind") >"$work/nfpm.log" 2>&1 ||
				{ cat "$work/nfpm.log" >&2; die "could not make the $kind"; }
		done
	done
}

# windows_packages: wixl's installers, and what wixl cannot say put into their tables. The times and names that it makes up
# are replaced by ones that follow from the commit. wixl knows no arm64: such an installer is one for x64 with another
# program, whose summary says which processor it is for.
windows_packages() {
	local arch
	for arch in amd64 arm64; do
		[[ ! -d $bin/windows_$arch ]] || windows_package "$arch"
	done
}

windows_package() {
	local arch=$1 dir=$work/msi-$1 msi=$out/kurir_${version}_$1.msi of="$version $commit" platform=x64
	[[ $arch == amd64 ]] || of+=" $arch" platform=Arm64
	mkdir "$dir"
	cp "$bin/windows_$arch/kurir.exe" "$work/kurir.ico" "$src"/install/windows/*.idt "$dir/"
	(cd "$src" && cp "${texts[@]}" "$dir/")
	printf '[InternetShortcut]\r\nURL=http://127.0.0.1:8650/\r\nIconIndex=0\r\n' >"$dir/kurir.url" # "service install" lets it follow
	sed -e "s/@VERSION@/$numbers/" -e "s/@PRODUCT@/$(uuid "product $of")/" "$src/install/windows/kurir.wxs" >"$dir/kurir.wxs"
	calm "$dir"
	(cd "$dir" && wixl -a x64 -o "$msi" kurir.wxs)
	msiinfo export "$msi" _SummaryInformation | tr -d '\r' | sed -E "s/^7\t.*/7\t$platform;1033/
		s/^9\t.*/9\t{$(uuid "package $of")}/
		s#^(12|13)\t.*#\1\t$(date -d "@$SOURCE_DATE_EPOCH" '+%Y/%m/%d %H:%M:%S')#" >"$dir/summary.idt"
	msibuild "$msi" -i "$dir/summary.idt" "$dir/InstallExecuteSequence.idt" "$dir/Environment.idt"
	msibuild "$msi" \
		-q "UPDATE \`File\` SET \`Version\`='$numbers.0', \`Language\`='1033' WHERE \`File\`='kurir.exe'" \
		"UPDATE \`CustomAction\` SET \`Type\`=11282 WHERE \`Action\`='RegisterGiven'" \
		"UPDATE \`CustomAction\` SET \`Type\`=11346 WHERE \`Action\`='Register'" \
		"UPDATE \`Property\` SET \`Value\`='WIX_DOWNGRADE_DETECTED;WIX_UPGRADE_DETECTED;CONFIG;SERVICE_ACCOUNT;SERVICE_PASSWORD;START;INSTALLDIR' WHERE \`Property\`='SecureCustomProperties'"
	sign "$msi"
}

sboms() {
	local os
	for os in linux windows darwin; do
		[[ -d $bin/${os}_amd64 ]] || continue
		(cd "$work" && "$tools/cyclonedx-gomod" bin -json -noserial -notimestamp -version "$version" \
			-output "$out/kurir_${version}_$os.cdx.json" "$bin/${os}_amd64"/kurir*) 2>"$work/sbom.log" ||
			{ cat "$work/sbom.log" >&2; die "could not make the SBOM"; }
	done
}

rm -f "$out"/kurir_"$version"_* "$out/SHA256SUMS"
tool nfpm github.com/goreleaser/nfpm/v2/cmd/nfpm "$nfpm"
tool go-winres github.com/tc-hib/go-winres "$winres"
tool cyclonedx-gomod github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod "$sbom"
resources
binaries
archives
linux_packages
windows_packages
sboms
(cd "$out" && sha256sum kurir_"$version"_* >SHA256SUMS)
ls -l "$out"
