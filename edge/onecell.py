"""Pictures of one cell each, the cell in the middle: ``leukoscope classify``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from edge.crops import crop_spec
from edge.errors import LeukoscopeError
from edge.imaging.crop import crop_cell
from edge.imaging.quality import Trouble, assess
from edge.imaging.red_cells import red_stain
from edge.inference.classifier import Call, Classifier
from edge.pictures import ScaledPicture, scaled_pictures

SCALE_UNKNOWN = "the scale could not be measured; give --um-per-px"

NO_COLOUR = "the picture has no colour, and a stain is judged by its colours"

_BLINDING = (Trouble.OUT_OF_FOCUS, Trouble.MOVING, Trouble.TOO_DARK, Trouble.SATURATED)
"""Troubles that hide what a cell looks like; how many neighbours it has does not matter here."""


def classify_pictures(
    classifier: Classifier, paths: Sequence[Path], um_per_px: float | None
) -> Iterator[dict[str, object] | LeukoscopeError]:
    """One row for each picture in order, or the fault that kept it from being read.

    A row: path, label, blast (True, False, or None when abstained), p_blast (0-1, calibrated,
    always given), abstained, reason, um_per_px.
    """
    for picture in scaled_pictures(paths, um_per_px):
        yield picture if isinstance(picture, LeukoscopeError) else _row(classifier, picture)


def _row(classifier: Classifier, picture: ScaledPicture) -> dict[str, object]:
    call, reason = _judge(classifier, picture)
    abstained = call.abstained or reason is not None
    return {
        "path": str(picture.path),
        "label": call.label,
        "blast": None if abstained else call.blast,
        "p_blast": round(call.p_blast, 6),
        "abstained": abstained,
        "reason": reason or call.reason,
        "um_per_px": None if picture.um_per_px is None else round(picture.um_per_px, 5),
    }


def _judge(classifier: Classifier, picture: ScaledPicture) -> tuple[Call, str | None]:
    """The call, and why it should not be taken as an answer for reasons outside the network."""
    spec = classifier.bundle.input
    height, width = picture.rgb.shape[:2]
    # Without a scale the network's own is assumed, so that a probability can be given; but no
    # answer is taken from it, nor from a scale that was only guessed.
    um_per_px = picture.um_per_px or spec.um_per_px
    crop = crop_cell(picture.rgb, (width / 2, height / 2), um_per_px, crop_spec(spec))
    call = classifier.classify(crop[None])[0]
    if picture.um_per_px is None or picture.rough:
        return call, SCALE_UNKNOWN
    stain = red_stain(picture.rgb)
    if stain is not None and stain.colourless:
        return call, NO_COLOUR
    quality = assess(picture.rgb, um_per_px)
    if not quality.usable and quality.trouble in _BLINDING:
        return call, quality.advice
    return call, None
