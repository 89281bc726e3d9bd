"""From what a bundle expects to see to how its crops are cut."""

from __future__ import annotations

from edge.imaging.crop import CropSpec
from edge.inference.bundle import InputSpec


def crop_spec(expected: InputSpec) -> CropSpec:
    """Geometry of the crops of a bundle with this input."""
    context_um = expected.colour_parameters.get("context_um", CropSpec.context_um)
    return CropSpec(expected.size_px, expected.um_per_px, context_um)
