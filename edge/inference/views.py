"""A cell seen several times: mirrored, for a smear has no up and no left.

A small network answers mirror images of one cell differently; the mean of its answers errs less
than each of them (test-time augmentation; Simonyan and Zisserman 2015, section 4). One piece for
device, conversion and training, so that what was measured is what runs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

Pixels = TypeVar("Pixels", bound=np.generic)

VIEWS: Final = (1, 2, 4)
"""How many views there may be: as it is; and upside down; and both of them left to right."""


def mirrored(crops: NDArray[Pixels], views: int) -> list[NDArray[Pixels]]:
    """The crops as they are, and as mirrors show them.

    Args:
        crops: shape (N, rows, columns, channels), of any dtype.
        views: One of ``VIEWS``.

    Returns:
        ``views`` arrays of the shape of ``crops``, the crops themselves first; no pixel is copied.

    Raises:
        ValueError: ``views`` is none of ``VIEWS``.
    """
    if views not in VIEWS:
        raise ValueError(f"views is {views}, not one of {VIEWS}")
    upside_down = crops[:, ::-1]
    return [crops, upside_down, crops[:, :, ::-1], upside_down[:, :, ::-1]][:views]


def at_right_angle(crops: NDArray[Pixels]) -> NDArray[Pixels]:
    """The square crops as they would lie with rows and columns exchanged: no mirror of
    ``mirrored`` shows them so. No pixel is copied."""
    return crops.swapaxes(1, 2)


def mean_answer(
    answer: Callable[[NDArray[Pixels]], NDArray[np.float64]], crops: NDArray[Pixels], views: int
) -> NDArray[np.float64]:
    """The mean of a network's logits over the views of each crop.

    Args:
        answer: From crops to logits, float64, shape (N, labels).
        crops: See ``mirrored``.
        views: See ``mirrored``.
    """
    mean: NDArray[np.float64] = np.mean([answer(seen) for seen in mirrored(crops, views)], axis=0)
    return mean
