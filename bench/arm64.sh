#!/bin/bash
# Prove the program on 64-bit Arm, in emulation: golden vectors, `check`, and two phantom examinations.
#
#   bench/arm64.sh SUITE [BUNDLE]          SUITE is bookworm or trixie        (make test-arm64)
#
# Needs root, mmdebstrap and qemu-user-static. The emulated processor is a Cortex-A72 (Pi 4), and
# /proc/cpuinfo says the same: with another one XNNPACK may choose instructions that the emulator
# gets wrong, silently. BUNDLE is a folder of usb-bundle.sh; it is made where none is named. The log
# goes to bench/logs/arm64-SUITE.log.
set -euo pipefail

suite=${1:?usage: arm64.sh SUITE [BUNDLE]}
repository=$(cd "$(dirname "$0")/.." && pwd)
work=${LEUKOSCOPE_ROOTS:-/var/tmp/leukoscope-roots}
archive=$work/$suite-arm64.tar
root=$work/$suite-arm64
mkdir -p "$work"

for tool in mmdebstrap qemu-aarch64-static; do
  command -v "$tool" > /dev/null || { echo "arm64: install mmdebstrap and qemu-user-static." >&2; exit 2; }
done
[ "$(id -u)" = 0 ] || { echo "arm64: run it as root (it makes and enters a root)." >&2; exit 2; }
bundle=${2:-$work/usb-bundle}
[ $# -gt 1 ] || bash "$repository/systemd/usb-bundle.sh" "$bundle"

# Programs for Arm are given to the emulator by the kernel.
mountpoint -q /proc/sys/fs/binfmt_misc || mount -t binfmt_misc none /proc/sys/fs/binfmt_misc
[ -e /proc/sys/fs/binfmt_misc/qemu-aarch64 ] ||
  cat /usr/lib/binfmt.d/qemu-aarch64.conf > /proc/sys/fs/binfmt_misc/register
[ -s "$archive" ] || mmdebstrap --quiet --arch=arm64 --variant=minbase \
  --include=python3,python3-venv,ca-certificates "$suite" "$archive"

rm -rf "$root"
mkdir -p "$root"
tar --extract --file "$archive" --directory "$root" --exclude './dev/*'
mkdir -p "$root/bundle"
cp -r "$bundle"/. "$root/bundle/"

cat > "$root/cpuinfo" <<'END_OF_CPUINFO'
processor	: 0
BogoMIPS	: 108.00
Features	: fp asimd evtstrm crc32 cpuid
CPU implementer	: 0x41
CPU architecture: 8
CPU variant	: 0x0
CPU part	: 0xd08
CPU revision	: 3

processor	: 1
BogoMIPS	: 108.00
Features	: fp asimd evtstrm crc32 cpuid
CPU implementer	: 0x41
CPU architecture: 8
CPU variant	: 0x0
CPU part	: 0xd08
CPU revision	: 3

END_OF_CPUINFO
cat > "$root/prove" <<'PROVE'
#!/bin/bash
set -euo pipefail
tag=$(python3 -c 'import sys; print("py%d%d" % sys.version_info[:2])')
echo "system:  $(. /etc/os-release; echo "$PRETTY_NAME"), $(uname -m), $(python3 --version)"
echo "cpu:     $(grep -m1 'CPU part' /proc/cpuinfo | tr -s '\t ' ' ') (0xd08: Cortex-A72)"
python3 -m venv /opt/leukoscope
/opt/leukoscope/bin/pip install --quiet --disable-pip-version-check --no-index \
  --find-links "/bundle/wheels/$tag" -c "/bundle/constraints/$tag.txt" "$(ls /bundle/leukoscope-*.whl)[device]"
/opt/leukoscope/bin/pip list --disable-pip-version-check --format=freeze |
  grep -iE '^(leukoscope|numpy|pillow|ai.edge.litert|gpiozero|starlette|uvicorn)' | sed 's/^/         /'
export LEUKOSCOPE_HOME=/var/lib/leukoscope
# Small fields of many cells: a frame takes seconds here, and green needs a hundred cells.
smear='viewport=640x480&um_per_px=0.35&white_cells_per_field=12'
leukoscope() { echo "\$ leukoscope $*"; /opt/leukoscope/bin/leukoscope "$@"; }
leukoscope check --yes --camera 'phantom:healthy?viewport=320x240&frames=6' | tee /tmp/check
grep -qE '^golden test +ok' /tmp/check
leukoscope screen --camera 'phantom:leukemic?seed=7&'"$smear" --slide ARM-1 --lamps none --json | tee /tmp/leukemic
grep -q '"verdict": "REVIEW"' /tmp/leukemic
leukoscope screen --camera 'phantom:healthy?seed=5&'"$smear" --slide ARM-2 --lamps none --json | tee /tmp/healthy
grep -q '"verdict": "NO_BLASTS_FOUND"' /tmp/healthy
leukoscope verify
echo "proven: golden vectors, REVIEW for a leukemic phantom, NO_BLASTS_FOUND for a healthy one."
PROVE
chmod +x "$root/prove"

log=$repository/bench/logs/arm64-$suite.log
mkdir -p "$(dirname "$log")"
{
  echo "date:    $(date --utc --iso-8601=seconds)"
  echo "commit:  $(git -C "$repository" rev-parse --short HEAD)"
  echo "emulator: $(qemu-aarch64-static --version | head -n 1), QEMU_CPU=cortex-a72"
  # A mount namespace of its own: nothing mounted here is left behind.
  # shellcheck disable=SC2016 # expanded by the inner shell, in the new namespace
  ROOT=$root unshare --mount --pid --fork bash -euc '
    mount -t proc none "$ROOT/proc"
    mount --bind "$ROOT/cpuinfo" "$ROOT/proc/cpuinfo"
    mount -t tmpfs none "$ROOT/tmp"
    mkdir -p "$ROOT/dev" && mount -t tmpfs none "$ROOT/dev"
    for node in null zero random urandom; do touch "$ROOT/dev/$node"; mount --bind "/dev/$node" "$ROOT/dev/$node"; done
    exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 QEMU_CPU=cortex-a72 \
      OMP_NUM_THREADS=1 chroot "$ROOT" /prove'
  echo "ended:   $(date --utc --iso-8601=seconds)"
} 2>&1 | tee "$work/$suite-arm64.log"
cp "$work/$suite-arm64.log" "$log"
rm -rf "$root"
