"""What stood in the way of an examination, and why it therefore ended as it did."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Final

from edge.imaging.quality import Trouble
from edge.judgement.verdict import Judgement, Verdict

_SCALE_UNKNOWN: Final = (
    "The scale could not be measured: too few whole red cells in focus. "
    "Choose a thinner part of the smear, or give --um-per-px."
)

_OTHER_SCALE: Final = (
    "The red cells are of another scale than the one in use: another objective is in, or the scale "
    "given is wrong."
)


@dataclass(frozen=True)
class Hindrances:
    """What kept the device from seeing enough, by the end of an examination.

    Attributes:
        frames: Frames looked at.
        um_per_px: Their scale; None where it could not be measured.
        light_trouble: Why it could not, where it was the light.
        other_objective: The red cells are of another scale than the one in use.
        other_scale_pictures: Pictures of a folder that are of another scale.
        repeated_pictures: Pictures of a folder that show ground seen before.
        troubles: Frames that could not be used, by what was wrong with them.
    """

    frames: int
    um_per_px: float | None
    light_trouble: Trouble | None
    other_objective: bool
    other_scale_pictures: int
    repeated_pictures: int
    troubles: Counter[Trouble]

    def reason(self, judgement: Judgement, trouble_share_max: float) -> str:
        """The judgement's reason, and before it what kept the device from seeing enough.

        Args:
            judgement: The last one.
            trouble_share_max: Share of frames with one trouble above which that is a reason.
        """
        if judgement.verdict is not Verdict.CANNOT_JUDGE:
            return judgement.reason
        if self.um_per_px is None:
            return self._no_scale()
        hindrance = self._by_scale(self.um_per_px) or self._by_frames(trouble_share_max)
        return f"{hindrance} {judgement.reason}" if hindrance else judgement.reason

    def _no_scale(self) -> str:
        """Nothing was judged, and the judgement has nothing to add."""
        light = self.light_trouble
        if light is None:
            return _SCALE_UNKNOWN
        return f"The scale could not be measured ({light.words}). {light.advice}"

    def _by_scale(self, um_per_px: float) -> str:
        if self.other_objective:
            return _OTHER_SCALE
        if not self.other_scale_pictures:
            return ""
        said = f"{self.other_scale_pictures} of {self.frames} pictures are of another scale"
        return f"{said} than {um_per_px:.3g} um/px and were not counted."

    def _by_frames(self, trouble_share_max: float) -> str:
        if self.repeated_pictures:
            said = "pictures show ground seen before; its cells were counted once."
            return f"{self.repeated_pictures} of {self.frames} {said}"
        if not self.troubles:
            return ""
        trouble, count = self.troubles.most_common(1)[0]
        if count <= trouble_share_max * self.frames:
            return ""
        return f"{count} of {self.frames} frames could not be used ({trouble.words})."
