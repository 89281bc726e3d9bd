"""What a user would write instead: a threshold, connected components, and TFLite for every cell.

Written after the pattern of well-known examples, not copied from them: OpenCV's tutorial on
thresholds and connected components, and the TFLite example of the Pi's camera library, which makes
an interpreter, allocates its tensors and asks for their details anew for every picture. Nothing
remembers which cells were seen before, so every cell of every frame is judged.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

_SATURATION = 90
"""Nuclei are more saturated (0-255). Tuned by eye on the wide fields, in the alternative's favour:
Otsu's threshold takes red cells there, and makes hundreds of calls a frame."""

_LEAST_UM2, _MOST_UM2 = 30.0, 400.0
"""Stained areas taken for the nucleus of a white cell."""


@dataclass(frozen=True)
class Alternative:
    """The loop of a weekend.

    Attributes:
        model: Bytes of the TFLite file, the same network as ours.
        um_per_px: Scale of the frames.
        crop_um: Side of the square around a cell that the network wants to see.
        keep_interpreter: Make the interpreter once; a careful user's version.
    """

    model: bytes
    um_per_px: float
    crop_um: float
    keep_interpreter: bool = False

    def __post_init__(self) -> None:
        cv2.setNumThreads(1)
        if self.keep_interpreter:
            object.__setattr__(self, "_kept", self._interpreter())

    def __call__(self, rgb: NDArray[np.uint8]) -> list[tuple[float, float]]:
        """Judge every cell of one frame; where their centres (x, y) lie in it."""
        centres = self._cells(rgb)
        for x, y in centres:
            self._judge(self._crop(rgb, x, y))
        return centres

    def _cells(self, rgb: NDArray[np.uint8]) -> list[tuple[float, float]]:
        saturation = cv2.cvtColor(rgb, cv2.COLOR_RGB2HSV)[:, :, 1]
        smooth = cv2.GaussianBlur(saturation, (5, 5), 0)
        _, mask = cv2.threshold(smooth, _SATURATION, 255, cv2.THRESH_BINARY)
        mask = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
        _, _, stats, centres = cv2.connectedComponentsWithStats(mask, connectivity=8)
        area_um2 = stats[1:, cv2.CC_STAT_AREA] * self.um_per_px**2
        chosen = (area_um2 >= _LEAST_UM2) & (area_um2 <= _MOST_UM2)
        return [(float(x), float(y)) for x, y in centres[1:][chosen]]

    def _crop(self, rgb: NDArray[np.uint8], x: float, y: float) -> NDArray[np.uint8]:
        half = round(self.crop_um / self.um_per_px / 2)
        height, width = rgb.shape[:2]
        top, left = max(0, round(y) - half), max(0, round(x) - half)
        return rgb[top : min(height, top + 2 * half), left : min(width, left + 2 * half)]

    def _interpreter(self) -> Any:
        made = importlib.import_module("ai_edge_litert.interpreter").Interpreter(
            model_content=self.model, num_threads=1
        )
        made.allocate_tensors()
        return made

    def _judge(self, crop: NDArray[np.uint8]) -> NDArray[np.int8]:
        kept = getattr(self, "_kept", None)
        interpreter = self._interpreter() if kept is None else kept
        wanted, given = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
        side = int(wanted["shape"][1])
        scale, zero = wanted["quantization"]
        resized = cv2.resize(crop, (side, side)).astype(np.float32) / 127.5 - 1.0
        stored = np.clip(np.rint(resized / scale + zero), -128, 127).astype(np.int8)
        interpreter.set_tensor(wanted["index"], stored[None])
        interpreter.invoke()
        answer: NDArray[np.int8] = interpreter.get_tensor(given["index"])[0]
        return answer
