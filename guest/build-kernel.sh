#!/bin/sh
# Builds a kernel with Kexec HandOver for `kho capture` and `kho replay`: 6.16 and later, by one configuration.
#
#   build-kernel.sh SOURCE [OUTPUT]    a kernel tree, which is left as it is, or an archive of one (.tar, .tar.xz, .tar.gz)
#   build-kernel.sh RELEASE [OUTPUT]   such as 7.1.13: the newest Debian package linux-source-… of it in /usr/src, else kernel.org's archive
#   build-kernel.sh --debian [OUTPUT]  the newest linux-source-… of all that are installed
#
# OUTPUT is the folder for bzImage (arm64: Image), vmlinux, System.map and .config; default: ./kho-kernel. JOBS, default: all
# processors. ARCH=arm64 builds for arm64 with pages of 64K, by CROSS_COMPILE (default: aarch64-linux-gnu-). CONFIG_ONLY=1 stops when
# the configuration is made.
set -eu

fail() {
    echo "build-kernel.sh: $1" >&2
    exit 1
}

need() {
    command -v "$1" >/dev/null 2>&1 || fail "there is no $1; Debian has it in the package $2"
}

unpack() {
    need xz xz-utils
    unpacked=$(mktemp -d)
    trap 'rm -rf "$unpacked"' EXIT INT TERM HUP
    tar -C "$unpacked" -xf "$1"
    tree=$(find "$unpacked" -mindepth 1 -maxdepth 1 -type d | head -n 1)
}

debian() {
    find /usr/src -maxdepth 1 -name "linux-source-$1.tar.xz" 2>/dev/null | sort -V | tail -n 1
}

[ $# -ge 1 ] && [ $# -le 2 ] || fail "usage: build-kernel.sh SOURCE|RELEASE|--debian [OUTPUT]"
here=$(cd "$(dirname "$0")" && pwd)
output=${2:-kho-kernel}
jobs=${JOBS:-$(nproc)}
arch=${ARCH:-x86_64}

need make make
need gcc gcc
need flex flex
need bison bison
need bc bc
case $arch in
x86_64) image=bzImage ;;
arm64)
    image=Image
    [ "$(uname -m)" = aarch64 ] || export CROSS_COMPILE="${CROSS_COMPILE:-aarch64-linux-gnu-}"
    need "${CROSS_COMPILE:-}gcc" gcc-aarch64-linux-gnu
    ;;
*) fail "ARCH=$arch is neither x86_64 nor arm64" ;;
esac

mkdir -p "$output"
output=$(cd "$output" && pwd)

if [ -d "$1" ]; then
    tree=$1
elif [ -f "$1" ]; then
    unpack "$1"
elif [ "$1" = --debian ]; then
    archive=$(debian '*')
    [ -n "$archive" ] || fail "there is no /usr/src/linux-source-*.tar.xz; install the package linux-source"
    unpack "$archive"
else
    case $1 in
    [0-9]*.[0-9]*) ;;
    *) fail "$1 is no kernel tree, no archive and no release" ;;
    esac
    archive=$(debian "$1*")
    if [ -z "$archive" ]; then
        need curl curl
        archive=$output/linux-$1.tar.xz
        url=https://cdn.kernel.org/pub/linux/kernel/v${1%%.*}.x/linux-$1.tar.xz
        [ -f "$archive" ] || curl -fL -o "$archive.part" "$url" || fail "$url cannot be had; give a tree or an archive"
        [ -f "$archive" ] || mv "$archive.part" "$archive"
    fi
    unpack "$archive"
fi
[ -f "$tree/Kconfig" ] || fail "$tree is no kernel tree"
tree=$(cd "$tree" && pwd)
build=$output/build

# Options that a release lacks are dropped by olddefconfig: before 6.19 there is no LIVEUPDATE, before 7.0 no _MEMFD and _TEST of
# it, before 6.18 no KEXEC_HANDOVER_DEBUG, before 6.17 no test; PROC_SYSCTL is called SYSCTL from 7.3 on.
make -C "$tree" ARCH="$arch" O="$build" tinyconfig
set -- "$here/kho.config"
[ "$arch" = x86_64 ] || set -- "$@" "$here/kho-$arch.config"
"$tree/scripts/kconfig/merge_config.sh" -m -O "$build" "$build/.config" "$@"
make -C "$tree" ARCH="$arch" O="$build" olddefconfig
grep -q '^CONFIG_KEXEC_HANDOVER=y' "$build/.config" || fail "this kernel has no Kexec HandOver: it came with Linux 6.16"
for option in KEXEC_FILE DEBUG_FS SHMEM MEMFD_CREATE TRANSPARENT_HUGEPAGE HUGETLBFS KALLSYMS_ALL BLK_DEV_INITRD; do
    grep -q "^CONFIG_$option=y" "$build/.config" || fail "CONFIG_$option did not take: something that it depends on has changed"
done
[ -z "${CONFIG_ONLY:-}" ] || exit 0
make -C "$tree" ARCH="$arch" O="$build" -j"$jobs" "$image"

cp "$build/arch/$([ "$arch" = x86_64 ] && echo x86 || echo "$arch")/boot/$image" "$build/vmlinux" "$build/System.map" "$build/.config" "$output"
echo "$output/$image"
