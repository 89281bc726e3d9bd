#!/bin/bash
# A protected wireless network of the device's own, kept by NetworkManager:  hotspot.sh NAME
#
# The password is a line of standard input, so that no list of processes shows it. Called by
# install.sh; a second call replaces the network. Exit status 2: the password has a wrong length.
set -euo pipefail

name=${1:?usage: hotspot.sh NAME}
profile=leukoscope-hotspot
stop() { echo "install: $1 $2" >&2; exit "${3:-1}"; }

command -v nmcli > /dev/null || stop "There is no NetworkManager for the hotspot." "Install it, or leave out --hotspot."
[ ! -t 0 ] || printf 'Password of the network %s (8 to 63 characters): ' "$name" >&2
IFS= read -r password
if [ ${#password} -lt 8 ] || [ ${#password} -gt 63 ]; then
  stop "The password needs 8 to 63 characters." "Run it again." 2
fi
nmcli connection delete "$profile" > /dev/null 2>&1 || true
nmcli connection add type wifi ifname '*' con-name "$profile" autoconnect yes ssid "$name" \
  802-11-wireless.mode ap 802-11-wireless.band bg ipv4.method shared ipv6.method disabled \
  802-11-wireless-security.key-mgmt wpa-psk 802-11-wireless-security.proto rsn > /dev/null
printf 'set 802-11-wireless-security.psk %s\nsave persistent\nquit\n' "$password" |
  nmcli connection edit "$profile" > /dev/null || true
# The editor's status does not say whether it took the line.
if [ "$(nmcli --show-secrets --escape no --get-values 802-11-wireless-security.psk connection show "$profile")" != "$password" ]; then
  nmcli connection delete "$profile" > /dev/null
  stop "NetworkManager did not take the password." "Use letters, digits and signs without blanks at the ends."
fi
nmcli connection up "$profile" > /dev/null ||
  stop "The hotspot does not start." "Is the country set? sudo raspi-config nonint do_wifi_country XX"
echo "install: network $name: the page answers at http://10.42.0.1:8080/"
