#!/bin/bash
# Make the folder that installs Leukoscope on a Raspberry Pi without internet: copy it to a stick.
#
#   systemd/usb-bundle.sh OUT [PYTHON [ARCH]]      (or: make usb-bundle)
#
# It holds the program's wheel, the wheels of everything it needs for 64-bit Arm (or another ARCH, as
# wheels name it: x86_64 for the boot test) on Python 3.11 (Bookworm) and 3.13 (Trixie), the units,
# install.sh, and the SHA-256 of every file.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
repository=$(dirname "$here")
out=${1:?usage: usb-bundle.sh OUT [PYTHON [ARCH]]}
python=${2:-python3}
arch=${3:-aarch64}

if [ -e "$out" ] && [ ! -e "$out/SHA256SUMS" ]; then
  echo "usb-bundle: $out is there already, and is no bundle: name another folder." >&2
  exit 2
fi
rm -rf "$out"
mkdir -p "$out/systemd" "$out/constraints"

"$python" -m pip wheel --quiet --disable-pip-version-check --no-deps --wheel-dir "$out" "$repository"
wheel=$(find "$out" -maxdepth 1 -name 'leukoscope-*.whl')
for tag in 311 313; do
  platforms=()
  for name in manylinux_2_28 manylinux_2_27 manylinux_2_26 manylinux_2_17 manylinux2014; do
    platforms+=(--platform "${name}_$arch")
  done
  "$python" -m pip download --quiet --disable-pip-version-check --only-binary=:all: \
    "${platforms[@]}" --implementation cp --python-version "$tag" \
    --constraint "$repository/constraints/py$tag.txt" --dest "$out/wheels/py$tag" "${wheel}[device]"
done
cp "$repository"/constraints/py*.txt "$out/constraints/"
cp -r "$here"/. "$out/systemd/"
cp "$repository/hardware.md" "$repository/LICENSE" "$out/"
# Named as a word to bash: on a FAT stick that a desktop mounted no file may be run by itself.
# shellcheck disable=SC2016 # what is written is expanded when it runs
printf '#!/bin/bash\nexec bash "$(dirname "$0")/systemd/install.sh" "$@"\n' > "$out/install.sh"
chmod +x "$out/install.sh"
(cd "$out" && find . -type f -print0 | sort -z | xargs -0 sha256sum) > "$out.sums"
mv "$out.sums" "$out/SHA256SUMS"
echo "$out: $(find "$out" -type f | wc -l) files, $(du -sm "$out" | cut -f1) MB."
echo "Copy it to a stick; on the Pi: sudo bash STICK/$(basename "$out")/install.sh"
