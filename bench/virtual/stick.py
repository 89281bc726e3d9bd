"""USB sticks as shops sell them: one FAT32 or exFAT partition, in a file."""

from __future__ import annotations

import subprocess
from pathlib import Path

_START = 2048
"""First sector of the partition: 1 MiB, where formatters put it."""


class Stick:
    """An image of a stick; read and written from outside by mtools while it is not plugged in.

    Args:
        image: The file.
    """

    def __init__(self, image: Path) -> None:
        self.image = image
        self._drive = f"{image}@@{_START * 512}"

    @classmethod
    def formatted(cls, image: Path, label: str, size_mb: int = 256) -> Stick:
        """A fresh stick."""
        image.unlink(missing_ok=True)
        with image.open("wb") as file:
            file.truncate(size_mb << 20)
        table = f"label: dos\nstart={_START}, type=c\n"
        subprocess.run(
            ["sfdisk", "--quiet", str(image)], input=table, text=True, check=True, timeout=60
        )
        sectors = (size_mb << 20) // 512 - _START
        words = ["mkfs.vfat", "-F", "32", "-n", label, "--offset", str(_START), str(image)]
        subprocess.run(
            [*words, str(sectors // 2)], check=True, stdout=subprocess.DEVNULL, timeout=60
        )
        return cls(image)

    def put(self, path: Path) -> None:
        """Copy a file or folder onto it."""
        subprocess.run(["mcopy", "-s", "-Q", "-i", self._drive, str(path), "::/"], check=True)

    def take(self, pattern: str, folder: Path) -> list[Path]:
        """Copy files off it."""
        folder.mkdir(parents=True, exist_ok=True)
        words = ["mcopy", "-n", "-Q", "-i", self._drive, f"::/{pattern}", str(folder)]
        subprocess.run(words, check=True)
        return sorted(folder.iterdir())

    def names(self) -> list[str]:
        """Files in its top folder."""
        words = ["mdir", "-b", "-a", "-i", self._drive, "::/"]
        told = subprocess.run(words, check=True, capture_output=True, text=True).stdout
        return [line.removeprefix("::/") for line in told.splitlines() if line.strip()]

    def is_sound(self) -> bool:
        """Whether fsck finds nothing to mend in the file system."""
        # fsck.fat knows no offset: it gets the partition alone.
        part = self.image.with_suffix(".part")
        with self.image.open("rb") as whole, part.open("wb") as file:
            whole.seek(_START * 512)
            while block := whole.read(1 << 20):
                file.write(block)
        done = subprocess.run(["fsck.vfat", "-n", str(part)], capture_output=True, check=False)
        part.unlink()
        return done.returncode == 0
