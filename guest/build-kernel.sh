#!/bin/sh
# Builds a bzImage with Kexec HandOver for `kho capture` and `kho replay`.
#
#   build-kernel.sh TREE [OUTPUT]     from a kernel tree, which is left as it is
#   build-kernel.sh --debian [OUTPUT] from Debian's newest linux-source package that is installed
#
# OUTPUT is the folder for bzImage, vmlinux, System.map and .config; default: ./kho-kernel. JOBS, default: all processors.
set -eu

fail() {
    echo "build-kernel.sh: $1" >&2
    exit 1
}

need() {
    command -v "$1" >/dev/null 2>&1 || fail "there is no $1; Debian has it in the package $2"
}

[ $# -ge 1 ] && [ $# -le 2 ] || fail "usage: build-kernel.sh TREE|--debian [OUTPUT]"
here=$(cd "$(dirname "$0")" && pwd)
output=${2:-kho-kernel}
jobs=${JOBS:-$(nproc)}

need make make
need gcc gcc
need flex flex
need bison bison
need bc bc

mkdir -p "$output"
output=$(cd "$output" && pwd)

if [ "$1" = --debian ]; then
    need xz xz-utils
    archive=$(find /usr/src -maxdepth 1 -name 'linux-source-*.tar.xz' 2>/dev/null | sort -V | tail -n 1)
    [ -n "$archive" ] || fail "there is no /usr/src/linux-source-*.tar.xz; install the package linux-source"
    unpacked=$(mktemp -d)
    trap 'rm -rf "$unpacked"' EXIT INT TERM HUP
    tar -C "$unpacked" -xf "$archive"
    tree=$(find "$unpacked" -mindepth 1 -maxdepth 1 -type d | head -n 1)
else
    tree=$1
fi
[ -f "$tree/Kconfig" ] || fail "$tree is no kernel tree"
tree=$(cd "$tree" && pwd)
build=$output/build

make -C "$tree" ARCH=x86_64 O="$build" tinyconfig
"$tree/scripts/kconfig/merge_config.sh" -m -O "$build" "$build/.config" "$here/kho.config"
make -C "$tree" ARCH=x86_64 O="$build" olddefconfig
grep -q '^CONFIG_KEXEC_HANDOVER=y' "$build/.config" || fail "this kernel has no Kexec HandOver: it came with Linux 6.16"
make -C "$tree" ARCH=x86_64 O="$build" -j"$jobs" bzImage

cp "$build/arch/x86/boot/bzImage" "$build/vmlinux" "$build/System.map" "$build/.config" "$output"
echo "$output/bzImage"
