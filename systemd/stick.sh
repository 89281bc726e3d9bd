#!/bin/sh
# Mount a USB stick where the page offers it for dossiers, or take it off:  stick.sh mount|unmount sda1
# Started by udev through leukoscope-stick@.service. A stick that a desktop mounted is left to it.
set -eu

action=$1
device=/dev/$2
base=/media/leukoscope

case $action in
  mount)
    if findmnt --source "$device" > /dev/null; then exit 0; fi
    # A Pi may run from a USB disk: of a disk that the system uses no part is a stick.
    disk=$(lsblk --noheadings --nodeps --output PKNAME "$device")
    if lsblk --noheadings --list --output MOUNTPOINT "/dev/${disk:-$2}" | grep -v '^/media/' | grep -q /; then exit 0; fi
    label=$(lsblk --noheadings --nodeps --output LABEL "$device" | tr -cd 'A-Za-z0-9._-' | cut -c 1-32)
    folder=$base/${label:-$2}
    if [ -e "$folder" ]; then folder=$folder-$2; fi
    mkdir -p "$folder"
    # Nothing on a stick is run, and no device on it is one. Without `sync` a stick pulled out early
    # would have lost what the page said was written.
    options=nosuid,nodev,noexec,sync,uid=leukoscope,gid=leukoscope,umask=077
    mount -o "$options" "$device" "$folder" || { rmdir "$folder"; exit 1; }
    ;;
  unmount)
    findmnt --noheadings --output TARGET --source "$device" | while read -r folder; do
      case $folder in
        "$base"/*)
          umount --lazy "$folder"
          rmdir "$folder"
          ;;
      esac
    done
    ;;
  *)
    echo "usage: stick.sh mount|unmount DEVICE" >&2
    exit 2
    ;;
esac
