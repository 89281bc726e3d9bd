"""Interpreters round differently: what counts is what the device makes of their answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import pytest
from numpy.typing import NDArray

from convert import device_network
from convert.device_network import DeviceNetwork, steps_apart

Crops = NDArray[np.uint8]


@dataclass
class Brightness:
    """An interpreter whose one output is the first pixel of a crop."""

    library: str = "ai-edge-litert 9"

    def run(self, batch: NDArray[np.int8]) -> NDArray[np.int8]:
        return batch[:, 0, 0, :1]


class Device:
    """Takes crops as they are."""

    interpreter = Brightness()

    def stored(self, crops: Crops) -> NDArray[np.int8]:
        return crops.astype(np.int8)


DEVICE = cast(DeviceNetwork, Device())


@pytest.fixture
def crops() -> Crops:
    return np.random.default_rng(3).integers(0, 50, (7, 4, 4, 3), dtype=np.uint8)


def other(difference: Any) -> Any:
    """An interpreter that answers otherwise, by the number of the call."""
    calls = iter(range(100))

    def ask(library: str, model: bytes, batch: NDArray[np.int8]) -> NDArray[np.int8] | None:
        step = difference[next(calls)]
        return None if step is None else Brightness().run(batch) + np.int8(step)

    return ask


@pytest.mark.parametrize(
    ("views", "steps", "apart"),
    [(1, [4], 4.0), (4, [4, -4, 2, 0], 0.5), (4, [3, 3, 3, 3], 3.0), (2, [0, 5], 2.5)],
)
def test_an_answer_is_the_mean_over_the_views(
    monkeypatch: pytest.MonkeyPatch, crops: Crops, views: int, steps: list[int], apart: float
) -> None:
    monkeypatch.setattr(device_network, "ask", other(steps))
    found, compared = steps_apart(b"", DEVICE, crops, views)
    assert found.shape == (7,)
    assert np.all(found == apart)
    assert compared == "ai-edge-litert 9 and tflite-runtime"


def test_plain_kernels_stand_in_for_a_library_that_is_not_here(
    monkeypatch: pytest.MonkeyPatch, crops: Crops
) -> None:
    monkeypatch.setattr(device_network, "ask", other([None]))
    monkeypatch.setattr(
        device_network, "plain_kernels", lambda model, batch: Brightness().run(batch) - np.int8(2)
    )
    found, compared = steps_apart(b"", DEVICE, crops, 4)
    assert np.all(found == 2.0)
    assert compared == "ai-edge-litert 9 and plain kernels"
