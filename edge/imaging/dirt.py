"""Dirt on the eyepiece or the sensor: dark where it is in every field, wherever the slide goes.

On a sparse smear it is most of what a field shows, and would hold the field in place. A point of
the slide becomes bare glass sooner or later; a point of dirt never does.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge.imaging.registration import Details


@dataclass(frozen=True)
class DirtSettings:
    """When a point is dirt.

    Attributes:
        dark: Grey levels below its surroundings from which a point is dark.
        fields: Different fields that must all be dark there.
        changed: Share of the dark points that must have cleared for a field to be a different one.
        forget_fields: Different fields after which it is learnt anew: dirt is wiped off.
    """

    dark: int = 5
    fields: int = 30
    changed: float = 0.1
    forget_fields: int = 300

    def __post_init__(self) -> None:
        if not 1 <= self.dark <= 127 or not 0 < self.changed < 1:
            raise ValueError("dark must lie between 1 and 127, changed between 0 and 1")
        if not 2 <= self.fields < self.forget_fields:
            raise ValueError("fields must be at least 2, and below forget_fields")


class Dirt:
    """Learns from passing fields which points are dirt; all of one size."""

    def __init__(self, settings: DirtSettings | None = None) -> None:
        self._settings = settings or DirtSettings()
        self._brightest: Details | None = None
        self._counted: Details | None = None
        self._fields = 0
        self._mask: NDArray[np.bool_] | None = None

    @property
    def mask(self) -> NDArray[np.bool_] | None:
        """Shape (height, width), True on dirt and next to it; None while too little was seen."""
        return self._mask

    def learn(self, field: Details) -> None:
        """Take in one field's details."""
        if self._brightest is None or self._counted is None:
            self._brightest, self._counted, self._fields = field.copy(), field, 1
            return
        if not self._differs(field, self._counted):
            return
        np.maximum(self._brightest, field, out=self._brightest)
        self._counted = field
        self._fields += 1
        if self._fields >= self._settings.fields:
            self._mask = self._grown(self._brightest <= -self._settings.dark)
        if self._fields >= self._settings.forget_fields:
            self._brightest = self._counted = None

    def clean(self, field: Details) -> Details:
        """The field's details without those of dirt."""
        if self._mask is None:
            return field
        return np.where(self._mask, np.int8(0), field)

    def _differs(self, field: Details, counted: Details) -> bool:
        dark = counted <= -self._settings.dark
        cleared = dark & (field > -self._settings.dark)
        return bool(np.count_nonzero(cleared) > self._settings.changed * np.count_nonzero(dark))

    @staticmethod
    def _grown(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Two points wider: dirt has soft edges and is brightened around by its own removal."""
        grown = mask.copy()
        for _ in range(2):
            before = grown.copy()
            grown[1:] |= before[:-1]
            grown[:-1] |= before[1:]
            before = grown.copy()
            grown[:, 1:] |= before[:, :-1]
            grown[:, :-1] |= before[:, 1:]
        return grown
