#!/bin/bash
# Make the machine that bench/vm.py boots: Debian trixie, its kernel, a Pi's pins, and our program.
#
#   bench/vm.sh FOLDER BUNDLE               BUNDLE of usb-bundle.sh for x86_64       (make test-vm)
#
# Needs root, mmdebstrap, e2fsprogs. FOLDER gets base.raw, vmlinuz, initrd, a link to BUNDLE. The pins
# are a module of the kernel (bench/virtual/lampboard.c); lgpio, which a Pi has as a package, is built
# from its source. The program is installed here, from the bundle mounted so that nothing on it may be
# run (as a desktop mounts a stick), and once more inside the machine, by the last chapter.
set -euo pipefail

folder=${1:?usage: vm.sh FOLDER BUNDLE}
bundle=$(realpath "${2:?usage: vm.sh FOLDER BUNDLE}")
here=$(cd "$(dirname "$0")" && pwd)
suite=trixie
[ "$(id -u)" = 0 ] || { echo "vm: run it as root (it makes and enters a root)." >&2; exit 2; }
mkdir -p "$folder"
cd "$folder"
root=$PWD/root

# --- what is compiled: in a root of its own that is thrown away
if [ ! -s built.tar ] || [ "$here/virtual/lampboard.c" -nt built.tar ]; then
  python3 -m pip download --quiet --no-deps --no-binary :all: lgpio==0.2.2.0
  # shellcheck disable=SC2016 # $1 is the root, for mmdebstrap to fill in
  nice -n 5 mmdebstrap --quiet --variant=apt --format=null \
    --include=linux-headers-amd64,make,gcc,python3-dev,python3-setuptools,swig \
    --customize-hook='mkdir -p "$1/work/out/lib"' \
    --customize-hook="copy-in $here/virtual/lampboard.c $PWD/lgpio-0.2.2.0.tar.gz /work" \
    --customize-hook='echo "obj-m := lampboard.o" > "$1/work/Makefile"' \
    --customize-hook='chroot "$1" sh -c "make -C /lib/modules/*/build M=/work modules &&
      strip -g /work/lampboard.ko && cp /work/lampboard.ko /work/out/lib"' \
    --customize-hook='chroot "$1" sh -c "cd /work && tar xf lgpio-*.gz && cd lgpio-*/ &&
      PYPI=1 python3 setup.py -q build_ext --inplace && cp lgpio.py _lgpio*.so /work/out"' \
    --customize-hook='tar -C "$1/work/out" -cf built.tar .' \
    "$suite" /dev/null
fi

# --- the system of a device, without what only a PC starts: each would cost minutes of emulation
rm -rf "$root"
nice -n 5 mmdebstrap --quiet --variant=minbase --include="$(tr '\n' , <<'PACKAGES'
linux-image-amd64
systemd
systemd-sysv
dbus
udev
python3
python3-venv
ca-certificates
procps
kmod
qemu-guest-agent
gpiod
dosfstools
e2fsprogs
openssl
curl
PACKAGES
)" "$suite" "$root"
kernel=$(basename "$root"/lib/modules/*)
mkdir -p "$root/lib/modules/$kernel/extra" "$root/etc/leukoscope-vm"
tar -C "$root/usr/lib/python3/dist-packages" -xf built.tar --exclude=./lib
tar -C "$root/lib/modules/$kernel/extra" -xf built.tar --strip-components=2 ./lib/lampboard.ko
printf 'i6300esb\nlampboard\n' > "$root/etc/modules-load.d/board.conf"
printf '/dev/vda / ext4 defaults,noatime 0 1\n' > "$root/etc/fstab"
echo leukoscope-vm > "$root/etc/hostname"
: > "$root/etc/machine-id"
# gpiozero asks which board its pins are on.
printf 'Hardware\t: BCM2835\nRevision\t: c03115\nModel\t\t: Raspberry Pi 4 Model B Rev 1.5\n' \
  > "$root/etc/leukoscope-vm/cpuinfo"
for unit in leukoscope leukoscope-fault; do
  mkdir -p "$root/etc/systemd/system/$unit.service.d"
  printf '[Service]\nBindReadOnlyPaths=/etc/leukoscope-vm/cpuinfo:/proc/cpuinfo\n' \
    > "$root/etc/systemd/system/$unit.service.d/board.conf"
done
chroot "$root" systemctl --quiet disable e2scrub_reap systemd-pstore getty@tty1 apt-daily.timer \
  apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer fstrim.timer
chroot "$root" systemctl --quiet mask modprobe@drm modprobe@efi_pstore modprobe@fuse getty.target \
  serial-getty@ttyS0 dev-hugepages.mount dev-mqueue.mount sys-kernel-tracing.mount \
  proc-sys-fs-binfmt_misc.automount sys-fs-fuse-connections.mount systemd-update-utmp \
  systemd-hibernate-clear systemd-pcrmachine systemd-pcrphase systemd-pcrphase-sysinit \
  systemd-tpm2-setup systemd-tpm2-setup-early
chroot "$root" systemctl --quiet set-default multi-user.target
sed -i 's/^MODULES=.*/MODULES=list/' "$root/etc/initramfs-tools/initramfs.conf"
printf 'virtio_pci\nvirtio_blk\next4\n' >> "$root/etc/initramfs-tools/modules"

mount -t proc proc "$root/proc"
mkdir -p "$root/mnt/stick"
mount --bind "$bundle" "$root/mnt/stick"
trap 'umount "$root/mnt/stick" "$root/proc"' EXIT
mount -o remount,bind,ro,noexec "$root/mnt/stick"
chroot "$root" depmod "$kernel"
chroot "$root" update-initramfs -u > /dev/null
nice -n 5 chroot "$root" bash /mnt/stick/install.sh --no-start
umount "$root/mnt/stick" "$root/proc"
trap - EXIT
# The smear is small, so that an emulated processor renders a frame in less than a second.
echo 'LEUKOSCOPE_ARGUMENTS="--um-per-px 0.2 --camera phantom:healthy?seed=3&viewport=480x360"' \
  > "$root/etc/default/leukoscope"

ln -sfn "$bundle" bundle
git -C "$here" rev-parse --short HEAD > commit
cp "$root"/boot/vmlinuz-* vmlinuz
cp "$root"/boot/initrd.img-* initrd
rm -f base.raw
nice -n 5 mkfs.ext4 -q -L rootfs -d "$root" base.raw 4G
rm -rf "$root"
