"""USB sticks: which are plugged in and mounted, by their labels.

Nothing is mounted here. The boot service's helper mounts a stick under `MOUNTED_AT`; a desktop
does so under ``/media/USER``. What counts is the kernel's own list of mounts and what it says of
the disk behind each (``Documentation/filesystems/proc.rst`` and ``ABI/stable/sysfs-block`` of the
Linux kernel): removable, or reached over USB, and not the disk that the system itself runs from.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from edge.errors import ExportUnwritable, UsageFault

MOUNTED_AT = Path("/media/leukoscope")
"""Where the device's own helper mounts sticks, each in a folder of its label's name."""

_SYSTEM = ("/", "/boot", "/boot/firmware", "/boot/efi", "/usr", "/var", "/home", "/etc", "/opt")
"""A disk with one of these on it is no stick, however it is plugged in."""

_OCTAL = re.compile(r"\\([0-7]{3})")
_HEX = re.compile(r"\\x([0-9a-fA-F]{2})")


@dataclass(frozen=True)
class Stick:
    """A file system on a stick, mounted.

    Attributes:
        name: The kernel's name of it, such as ``sda1``; no two have the same at one time.
        label: What people call it.
        folder: Where it is mounted.
        device: Number of its device, as `os.stat` gives it for every file on it.
        free_bytes: Space left for files.
        writable: Whether it is mounted for writing.
    """

    name: str
    label: str
    folder: Path
    device: int
    free_bytes: int
    writable: bool

    def is_there(self) -> bool:
        """Whether the folder is still the stick's, and not what lies below a stick pulled out."""
        try:
            return self.folder.stat().st_dev == self.device
        except OSError:
            return False

    def check(self) -> None:
        """Make sure that the stick is there.

        Raises:
            ExportUnwritable: It was pulled out.
        """
        if not self.is_there():
            raise ExportUnwritable(
                f"The stick {self.label[:80]!a} was pulled out.",
                "Push it in firmly and export again; do not rely on what is on it now.",
            )


def find_sticks(root: Path = Path("/")) -> list[Stick]:
    """The sticks that are mounted, by label.

    Args:
        root: Where ``proc``, ``sys`` and ``dev`` lie.
    """
    # Of a stick that is mounted twice, by a desktop too, ours is the one that can be written.
    mounts = sorted(_mounts(root), key=lambda mount: not mount.is_ours)
    system = {_disk(root, m.number) for m in mounts if m.folder in _SYSTEM}
    found: dict[str, Stick] = {}
    for mount in mounts:
        disk = _disk(root, mount.number)
        if not mount.is_ours and (disk is None or disk in system or not _is_removable(disk)):
            continue
        stick = _stick(root, mount)
        if stick is not None:
            found.setdefault(stick.name, stick)
    return sorted(found.values(), key=lambda stick: (stick.label.casefold(), stick.name))


def chosen_stick(wanted: str = "", root: Path = Path("/")) -> Stick:
    """The one stick that a person means.

    Args:
        wanted: Its label or name; empty where only one is plugged in.
        root: As of `find_sticks`.

    Raises:
        UsageFault: None or more than one is meant; the fault says which there are.
    """
    sticks = find_sticks(root)
    meant = [s for s in sticks if s.name == wanted] or [
        s for s in sticks if wanted in ("", s.label)
    ]
    if len(meant) == 1:
        return meant[0]
    if not sticks:
        raise UsageFault("No USB stick is plugged in and mounted.", "Plug it in, or use --to DIR.")
    there = ", ".join(f"{s.label} ({s.name})" for s in sticks)
    which = "No stick is called so" if wanted and not meant else "More than one stick is meant"
    raise UsageFault(f"{which}; there are {there}.", "Name one by --stick.")


@dataclass(frozen=True)
class _Mount:
    """One line of ``/proc/self/mountinfo``: number of the device, folder, options."""

    number: str
    folder: str
    options: frozenset[str]

    @property
    def is_ours(self) -> bool:
        """Whether the device's own helper mounted it."""
        return Path(self.folder).parent == MOUNTED_AT


def _mounts(root: Path) -> Iterator[_Mount]:
    for line in _text(root / "proc/self/mountinfo").splitlines():
        # 36 35 8:1 / /media/stick rw,nosuid shared:1 - vfat /dev/sda1 rw,...
        before, _, after = line.partition(" - ")
        fields, rest = before.split(" "), after.split(" ")
        if len(fields) < 6 or len(rest) < 3 or rest[0] == "autofs" or fields[3] != "/":
            continue
        options = frozenset(fields[5].split(",") + rest[2].split(","))
        yield _Mount(fields[2], _unescaped(fields[4]), options)


def _unescaped(text: str) -> str:
    """The kernel writes blanks and the like as three octal digits, all else as it is."""
    return _OCTAL.sub(lambda found: chr(int(found[1], 8)), text)


def _disk(root: Path, number: str) -> Path | None:
    """The folder of the whole disk in sysfs; None for what is no disk (a network's, memory's)."""
    link = root / "sys/dev/block" / number
    try:
        part = link.resolve(strict=True)
    except (OSError, RuntimeError):
        return None
    return part.parent if (part / "partition").exists() else part


def _is_removable(disk: Path) -> bool:
    # Large sticks call themselves fixed disks; being reached over USB gives them away.
    over_usb = any(re.fullmatch(r"usb\d+", part) for part in disk.parts)
    return over_usb or _text(disk / "removable").strip() == "1"


def _stick(root: Path, mount: _Mount) -> Stick | None:
    folder = Path(mount.folder)
    at = folder if root == Path("/") else root / mount.folder.lstrip("/")
    try:
        space, device = os.statvfs(at), at.stat().st_dev
    except OSError:
        return None  # pulled out between two looks
    name = _kernel_name(root, mount.number)
    return Stick(
        name=name,
        label=_label(root, name) or folder.name or name,
        folder=at,
        device=device,
        free_bytes=space.f_bavail * space.f_frsize,
        writable="ro" not in mount.options,
    )


def _kernel_name(root: Path, number: str) -> str:
    try:
        return (root / "sys/dev/block" / number).resolve(strict=True).name
    except (OSError, RuntimeError):
        return number


def _label(root: Path, name: str) -> str:
    """The label in udev's list; empty where there is none."""
    try:
        links = list((root / "dev/disk/by-label").iterdir())
    except OSError:
        return ""
    for link in links:
        try:
            target = link.readlink()
        except OSError:
            continue
        if target.name == name:
            return _HEX.sub(lambda found: chr(int(found[1], 16)), link.name)
    return ""


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
