"""A frame and the protocol that every source of frames obeys."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

RgbImage = NDArray[np.uint8]

NewFrame = Callable[[tuple[int, int, int]], RgbImage]
"""Gives memory for a frame of (height, width, 3). Cameras that copy out of a driver's buffer have
an attribute ``new_frame`` of this kind: whoever wants the frame says where it is to lie."""


@dataclass(frozen=True)
class Frame:
    """One picture from a camera.

    Attributes:
        rgb: uint8, shape (height, width, 3), channel order red, green, blue.
        exposed_at_s: When it was exposed, seconds on a monotonic clock of the source.
        number: Counts from 0 within one examination; gaps mean dropped frames.
        name: What a person would call it (a file name), or empty.
    """

    rgb: RgbImage
    exposed_at_s: float
    number: int
    name: str = ""


class Camera(Protocol):
    """A source of frames.

    Attributes:
        continuous: True when neighbouring frames overlap because a hand moves the slide
            (registration applies); False when every frame is a field of its own.
    """

    continuous: bool

    def frames(self) -> Iterator[Frame]:
        """Frames in order of exposure, newest only; ends when the source has no more."""
        ...

    def close(self) -> None:
        """Release the source; more than one call does no harm."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...
