"""Memory that a camera's process and the loop share, cut into slots of one frame each.

An anonymous file in memory (memfd_create(2)): it has no name to be left behind, and is gone with
the last process that knows it.
"""

from __future__ import annotations

import mmap
import os
from collections.abc import Callable
from weakref import finalize

import numpy as np

from edge.camera.frame import RgbImage

SLOTS = 6
"""One being filled, one the newest, and up to four in the hands of the loop and the page."""


class Slots:
    """Slots of equal size in shared memory.

    Args:
        descriptor: Of the file in memory; the mapping keeps the memory when it is closed.
        slot_bytes: Size of a slot.
        writable: Whether this process may fill them.
    """

    def __init__(self, descriptor: int, slot_bytes: int, writable: bool) -> None:
        self.descriptor = descriptor
        self.slot_bytes = slot_bytes
        access = mmap.PROT_READ | (mmap.PROT_WRITE if writable else 0)
        self._memory = mmap.mmap(descriptor, slot_bytes * SLOTS, mmap.MAP_SHARED, access)

    @classmethod
    def create(cls, slot_bytes: int) -> Slots:
        """New memory, to be filled by this process."""
        # Whole pages: a frame then begins where the processor likes it.
        slot_bytes = -(-slot_bytes // mmap.PAGESIZE) * mmap.PAGESIZE
        descriptor = os.memfd_create("leukoscope-frames", os.MFD_CLOEXEC)
        os.ftruncate(descriptor, slot_bytes * SLOTS)
        return cls(descriptor, slot_bytes, writable=True)

    def picture(
        self,
        slot: int,
        shape: tuple[int, int, int],
        released: Callable[[int], None] | None = None,
    ) -> RgbImage:
        """A slot as a picture, without a copy.

        Args:
            slot: Which.
            shape: Height, width, 3.
            released: Called with the slot once neither the picture nor any view of it is left.
        """
        size = shape[0] * shape[1] * shape[2]
        flat = np.frombuffer(self._memory, np.uint8, size, slot * self.slot_bytes)
        if released is not None:
            # Every view, and every view of a view, keeps `flat` itself as its base.
            finalize(flat, released, slot).atexit = False
        return flat.reshape(shape)
