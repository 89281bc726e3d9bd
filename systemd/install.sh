#!/bin/bash
# Install Leukoscope on 64-bit Raspberry Pi OS (Bookworm or Trixie), or take it off again.
#
#   sudo systemd/install.sh                 from a checkout, packages from the network
#   sudo bash STICK/usb-bundle/install.sh   from a stick made by `make usb-bundle`, no network needed
#
#   --hotspot NAME   offer the page on a protected wireless network of the device's own; the password
#                    is read from standard input (asked for at a terminal)
#   --camera SOURCE  what the service looks through (default: settings.toml, else picamera)
#   --no-start       install and enable, start nothing (for making an image)
#   --uninstall      remove the program, its units and what they set; records are left as they are
#
# Run it again to repair or to update: it always ends in the same state. The new program is made
# beside the old one and switched to at the end, so that a power cut on the way leaves the old one.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source=$(dirname "$here")
prefix=/opt/leukoscope
units=(leukoscope.service leukoscope-fault.service leukoscope-poweroff.path leukoscope-poweroff.service "leukoscope-stick@.service")
hotspot_name=leukoscope-hotspot

say() { echo "install: $*"; }
stop() { echo "install: $1 $2" >&2; exit "${3:-1}"; }

hotspot=""
camera=""
start=yes
uninstall=""
while [ $# -gt 0 ]; do
  case $1 in
    --hotspot) hotspot=${2:-}; [ -n "$hotspot" ] || stop "--hotspot needs a name." "See the top of $0." 2; shift 2 ;;
    --camera) camera=${2:-}; [ -n "$camera" ] || stop "--camera needs a source." "See the top of $0." 2; shift 2 ;;
    --no-start) start=""; shift ;;
    --uninstall) uninstall=yes; shift ;;
    -h | --help) sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "$0"; exit 0 ;;
    *) stop "There is no option $1." "See $0 --help." 2 ;;
  esac
done

[ "$(id -u)" = 0 ] || stop "This needs root." "Say: sudo $0" 2

running() { [ -d /run/systemd/system ]; }

# place FILE TARGET: a file of this folder, put where the system looks for it.
place() { install -D -m 0644 "$here/$1" "$2"; }

targets=(
  leukoscope.sysusers.conf:/usr/lib/sysusers.d/leukoscope.conf
  leukoscope.tmpfiles.conf:/usr/lib/tmpfiles.d/leukoscope.conf
  leukoscope.udev.rules:/etc/udev/rules.d/90-leukoscope.rules
  leukoscope-watchdog.conf:/etc/systemd/system.conf.d/leukoscope-watchdog.conf
  leukoscope-journal.conf:/etc/systemd/journald.conf.d/leukoscope-journal.conf
)
for unit in "${units[@]}"; do targets+=("$unit:/etc/systemd/system/$unit"); done
# What earlier versions placed elsewhere.
former=(/etc/udev/rules.d/60-leukoscope.rules /etc/udev/rules.d/90-leukoscope-stick.rules)

if [ -n "$uninstall" ]; then
  if running; then
    systemctl disable --now leukoscope-poweroff.path leukoscope.service leukoscope-fault.service 2> /dev/null || true
  else
    rm -f /etc/systemd/system/multi-user.target.wants/leukoscope{.service,-poweroff.path}
  fi
  if command -v nmcli > /dev/null && running; then nmcli connection delete "$hotspot_name" 2> /dev/null || true; fi
  for pair in "${targets[@]}"; do rm -f "${pair#*:}"; done
  rm -f "${former[@]}"
  rm -f /etc/default/leukoscope /usr/local/bin/leukoscope
  rm -rf "$prefix"
  if running; then systemctl daemon-reload; fi
  say "removed. Records and settings are left in /var/lib/leukoscope, owned by the user leukoscope."
  exit 0
fi

# --- the machine
python=$(command -v python3) || stop "There is no python3." "Use 64-bit Raspberry Pi OS, Bookworm or Trixie."
tag=$("$python" -c 'import sys; print("py%d%d" % sys.version_info[:2])')
case $tag in
  py311 | py313) ;;
  *) stop "Python $tag is not supported." "Use 64-bit Raspberry Pi OS, Bookworm (3.11) or Trixie (3.13)." ;;
esac
case $(uname -m) in
  aarch64 | x86_64) ;;
  *) stop "$(uname -m) is not supported." "Use the 64-bit image of Raspberry Pi OS." ;;
esac
is_pi=""
if grep -q "Raspberry Pi" /proc/device-tree/model 2> /dev/null; then is_pi=yes; fi

unsigned=""
offline=""
wheel=$(find "$source" -maxdepth 1 -name 'leukoscope-*.whl' | head -n 1)
if [ -n "$wheel" ]; then
  offline=yes
  say "checking the stick's files"
  (cd "$source" && sha256sum --quiet --check SHA256SUMS) ||
    stop "A file of the bundle is not as it was made." "Copy it to the stick again."
fi

# --- packages of the system
packages=(python3-venv)
[ -z "$is_pi" ] || packages+=(python3-picamera2 python3-lgpio)
missing=()
for package in "${packages[@]}"; do
  dpkg-query --show --showformat='${db:Status-Status}' "$package" 2> /dev/null | grep -qx installed ||
    missing+=("$package")
done
if [ ${#missing[@]} -gt 0 ]; then
  say "installing ${missing[*]}"
  if ! { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"; } > /dev/null; then
    stop "The system's packages ${missing[*]} are missing and cannot be fetched." \
      "Use the image of Raspberry Pi OS with desktop, which holds them, or connect to a network once."
  fi
fi

# --- user, folders, rules
rm -f "${former[@]}"
for pair in "${targets[@]}"; do place "${pair%%:*}" "${pair#*:}"; done
systemd-sysusers leukoscope.conf
systemd-tmpfiles --create leukoscope.conf

# --- the program, beside the one in use
version=$(date --utc +%Y%m%dT%H%M%S)
new=$prefix/$version
say "installing the program into $new"
mkdir -p "$prefix"
chmod 0755 "$prefix"
trap 'rm -rf "$new"' ERR
"$python" -m venv --system-site-packages "$new"
pip=("$new/bin/pip" --quiet --disable-pip-version-check --no-cache-dir install -c "$source/constraints/$tag.txt")
if [ -n "$offline" ]; then
  pip+=(--no-index --find-links "$source/wheels/$tag" "${wheel}[device]")
else
  pip+=("${source}[device]")
fi
"${pip[@]}" || { rm -rf "$new"; stop "The program's packages cannot be installed." "Connect to a network, or use a stick made by make usb-bundle."; }
install -m 0644 "$source/hardware.md" "$prefix/hardware.md"
install -m 0755 "$here/stick.sh" "$prefix/stick.sh"
# The golden test decides whether this program may be used on this device at all.
# With the bundle in use, or else the one built in (nothing is installed in a data folder that is
# none). A device that takes signed bundles only refuses that one, and waits for another.
prove() { "$new/bin/leukoscope" model prove --home "$1" 2>&1; }
if told=$(prove /var/lib/leukoscope) || told=$(prove "$new"); then
  say "$told"
else
  case $told in
    *E-BUN-05*) say "$told"; unsigned=yes ;;
    *)
      rm -rf "$new"
      echo "$told" >&2
      stop "The new program does not pass its golden test here." "The one before is still in use; report this."
      ;;
  esac
fi
ln -sfn "$new" "$prefix/current.new"
mv -T "$prefix/current.new" "$prefix/current"
trap - ERR
for old in "$prefix"/2*T*; do [ "$old" = "$new" ] || rm -rf "$old"; done

cat > /usr/local/bin/leukoscope <<'WRAPPER'
#!/bin/sh
# Leukoscope as the service's user, on the service's records.
export LEUKOSCOPE_HOME=/var/lib/leukoscope
if [ "$(id -un)" = leukoscope ]; then exec /opt/leukoscope/current/bin/leukoscope "$@"; fi
[ "$(id -u)" = 0 ] || exec sudo -- "$0" "$@"
exec setpriv --reuid leukoscope --regid leukoscope --init-groups /opt/leukoscope/current/bin/leukoscope "$@"
WRAPPER
chmod 0755 /usr/local/bin/leukoscope

arguments=""
if [ -n "$camera" ]; then arguments="--camera $camera"; fi
if [ ! -e /etc/default/leukoscope ] || [ -n "$camera" ]; then
  # shellcheck disable=SC2016 # the words are for a reader, not for the shell
  printf '# Words for `leukoscope serve`; settings are in /var/lib/leukoscope/settings.toml.\nLEUKOSCOPE_ARGUMENTS="%s"\n' \
    "$arguments" > /etc/default/leukoscope
fi

# --- start
if running; then
  systemctl daemon-reload
  udevadm control --reload 2> /dev/null || true
  udevadm trigger --subsystem-match=gpio --subsystem-match=video4linux --subsystem-match=media 2> /dev/null || true
  systemctl try-restart systemd-journald.service
  systemctl --quiet enable leukoscope.service leukoscope-poweroff.path
else
  systemctl --quiet enable leukoscope.service leukoscope-poweroff.path
fi

if [ -n "$hotspot" ]; then bash "$here/hotspot.sh" "$hotspot"; fi

if [ -n "$start" ] && running; then
  systemctl restart leukoscope-poweroff.path
  systemctl restart leukoscope.service || say "the service did not start: journalctl -u leukoscope"
  /usr/local/bin/leukoscope check --yes || say "see above what failed."
fi
[ -z "$unsigned" ] || say "This device has a bundle key and no bundle signed with it: sudo leukoscope model install STICK"
say "done. Set a PIN for the page: sudo leukoscope pin --role admin --name NAME; then: sudo systemctl restart leukoscope"
