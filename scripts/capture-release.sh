#!/bin/sh
# Makes the fixture of a release: fixtures/releases/NAME, from one capture of its kernel.
#
#   scripts/capture-release.sh KERNEL NAME [CAPTURED]
#
# CAPTURED: a folder that `kho capture fixtures/scenarios/release.yaml` has filled already. Needs dist/ (npm run build), zstd.
set -eu
[ $# -ge 2 ] || { echo "usage: capture-release.sh KERNEL NAME [CAPTURED]" >&2; exit 2; }
root=$(cd "$(dirname "$0")/.." && pwd)
kernel=$1
out=$root/fixtures/releases/$2
if [ $# -ge 3 ]; then
    captured=$3
else
    captured=$(mktemp -d)
    trap 'rm -rf "$captured"' EXIT INT TERM HUP
    node "$root/bin/kho.js" capture "$root/fixtures/scenarios/release.yaml" --kernel "$kernel" -o "$captured"
fi
rm -rf "$out"
mkdir -p "$out"
for moment in jump early; do
    node "$root/bin/kho.js" slim "$captured/$moment.elf" --contents -o "$captured/$moment.slim.elf" -q
    zstd -q -19 -f "$captured/$moment.slim.elf" -o "$out/$moment.elf.zst"
done
for name in first.version.txt first.cmdline.txt next.cmdline.txt next.iomem.txt next.reservations.txt first.memfds.json next.memfds.json first.debugfs next.debugfs; do
    [ ! -e "$captured/$name" ] || cp -R "$captured/$name" "$out/"
done
du -sk "$out"
