"""Masks as whole numbers, one bit a pixel: growing one costs a few shifts, whatever its shape.

A cell's window is a thousand pixels. An array operation on it costs more for being called than for
what it does; a shift of a number of a thousand bits does not. Rows lie one behind the other with
one bit of padding between them, so that a shift never carries a pixel into the next row.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]
Bits = int


class BitGrid:
    """The geometry that masks of one shape share; ``bit_grid`` keeps those in use.

    Args:
        height: Rows of the masks.
        width: Columns of the masks.
    """

    def __init__(self, height: int, width: int) -> None:
        self.height, self.width = height, width
        self.stride = width + 1
        self._bits = height * self.stride
        whole = np.ones((height, width), dtype=np.bool_)
        self.inside: Bits = self.pack(whole)
        """All pixels, no padding."""
        whole[1:-1, 1:-1] = False
        self.border: Bits = self.pack(whole)
        """The pixels of the first and last row and column."""

    def pack(self, mask: Mask) -> Bits:
        """A mask of this shape as a number."""
        return self.pack_all(mask[None])[0]

    def pack_all(self, masks: NDArray[np.bool_]) -> list[Bits]:
        """Several at once; bool, shape (n, height, width)."""
        padded = np.zeros((len(masks), self.height, self.stride), dtype=np.bool_)
        padded[:, :, : self.width] = masks
        packed = np.packbits(padded.reshape(len(masks), self._bits), axis=1, bitorder="little")
        return [int.from_bytes(row.tobytes(), "little") for row in packed]

    def unpack(self, bits: Bits) -> Mask:
        """A number of ``pack`` as a mask again."""
        mask: Mask = self.unpack_all([bits])[0]
        return mask

    def unpack_all(self, each: Sequence[Bits]) -> NDArray[np.bool_]:
        """Several at once: bool, shape (n, height, width)."""
        size = (self._bits + 7) // 8
        packed = np.frombuffer(b"".join(b.to_bytes(size, "little") for b in each), dtype=np.uint8)
        flat = np.unpackbits(packed.reshape(len(each), size), axis=1, bitorder="little")
        rows = flat[:, : self._bits].reshape(len(each), self.height, self.stride)
        return rows[:, :, : self.width].view(np.bool_)

    def grow(self, bits: Bits, square: bool) -> Bits:
        """One step of growth, by the four sides or by the eight neighbours."""
        across = bits | bits << 1 | bits >> 1
        source = across & self.inside if square else bits
        return (across | source << self.stride | source >> self.stride) & self.inside

    def dilate(self, bits: Bits, steps: int) -> Bits:
        """Grow by ``steps`` pixels, sides and squares in turn (an octagon)."""
        for step in range(steps):
            bits = self.grow(bits, square=step % 2 == 1)
        return bits

    def erode(self, bits: Bits, steps: int) -> Bits:
        """Shrink by ``steps`` pixels; what lies beyond the picture counts as inside."""
        return self.inside & ~self.dilate(self.inside & ~bits, steps)

    def flood(self, seeds: Bits, allowed: Bits) -> Bits:
        """All pixels of ``allowed`` that hang together with the seeds, by sides or corners."""
        bits = seeds & allowed
        while True:
            grown = self.grow(bits, square=True) & allowed
            if grown == bits:
                return bits
            bits = grown

    def fill_small_holes(self, bits: Bits, max_px: int) -> Bits:
        """Fill holes of at most ``max_px`` pixels that do not reach the border."""
        outside = self.inside & ~bits
        holes = outside & ~self.flood(self.border, outside)
        while holes:
            hole = self.flood(holes & -holes, holes)
            holes &= ~hole
            if hole.bit_count() <= max_px:
                bits |= hole
        return bits


@lru_cache(maxsize=256)
def bit_grid(height: int, width: int) -> BitGrid:
    """The grid of a shape; the windows around cells come in few."""
    return BitGrid(height, width)
