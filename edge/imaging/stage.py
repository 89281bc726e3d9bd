"""Where each field lies on the slide, from the picture alone.

There is no motor and no encoder. Each field is first registered to the one before, which it shares
most with even in a fast push, and then to the nearest key fields: fields at rest whose positions
are known. So errors do not add up along the way, and ground seen before gets the place it had.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from statistics import median
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge.imaging.dirt import Dirt, DirtSettings
from edge.imaging.registration import (
    Details,
    Offset,
    RegistrationSettings,
    View,
    agreement_unmoved,
    details,
    overlap,
    reduction,
    register,
    register_near,
)


@dataclass(frozen=True)
class StageSettings:
    """When a field is followed, kept as a key, or given up.

    Attributes:
        registration: How two fields are compared.
        dirt: What is dirt on the eyepiece, which does not move with the slide.
        key_overlap: A sharp field becomes a key when no key shares more of it than this.
        chain_agreement: Two fields in a row that share more than ``key_overlap`` and agree at least
            so well prove each other's position; strong blur in motion stays below.
        sharp_share: Fineness, as a share of the keys' median, below which a field is blurred.
        rest_agreement: A field that agrees so well with the last one a few pixels from where that
            lay has hardly moved, and is not looked for elsewhere: unrelated ground reaches 0.2.
        rest_hint: Only a field that agrees so well with the last one where that lay may have hardly
            moved: at a step of one pixel half of the agreement is left.
        rest_kept: A field that agrees so well with a sharp one where that lay has not moved by more
            than a sixth of a pixel, and keeps its place.
        rest_step: A field that moved less since the last one, as a share of the field, is at rest
            however coarse: out of focus perhaps, but not blurred in motion.
        min_contrast: Grey levels of contrast below which there is nothing to recognise.
        patience: Blurred fields in a row that match nothing before a new place is begun.
        search_keys: Keys tried, nearest first, when the way was lost.
        search_keys_blurred: The same for a blurred field, which seldom matches anything.
    """

    registration: RegistrationSettings = field(default_factory=RegistrationSettings)
    dirt: DirtSettings = field(default_factory=DirtSettings)
    key_overlap: float = 0.6
    chain_agreement: float = 0.75
    sharp_share: float = 0.7
    rest_agreement: float = 0.9
    rest_hint: float = 0.25
    rest_kept: float = 0.985
    rest_step: float = 0.02
    min_contrast: float = 1.0
    patience: int = 5
    search_keys: int = 100
    search_keys_blurred: int = 6

    def __post_init__(self) -> None:
        if not 0 < self.key_overlap < 1 or not 0 <= self.rest_step < 1:
            raise ValueError("key_overlap and rest_step must lie between 0 and 1")
        if not 0 < self.chain_agreement <= 1 or not 0 < self.rest_agreement <= 1:
            raise ValueError("chain_agreement and rest_agreement must lie between 0 and 1")
        if not 0 <= self.rest_hint <= self.rest_agreement <= self.rest_kept:
            raise ValueError("rest_hint, rest_agreement and rest_kept must ascend from 0")
        if not 0 <= self.sharp_share <= 1 or self.min_contrast < 0:
            raise ValueError("sharp_share must lie between 0 and 1, min_contrast above 0")
        if min(self.patience, self.search_keys, self.search_keys_blurred) < 1:
            raise ValueError("patience and search_keys must be at least 1")


@dataclass(frozen=True)
class Join:
    """Two places turned out to be parts of one.

    Attributes:
        place: The place that is no more.
        into: The place it belongs to.
        x_um: To be added to positions of ``place`` to have them in ``into``.
        y_um: The same along y.
    """

    place: int
    into: int
    x_um: float
    y_um: float


@dataclass(frozen=True)
class Place:
    """Where one field lies.

    Positions of different places cannot be compared: nothing is known of the way between them.

    Attributes:
        place: Counts from 0; grows by one with every jump to ground not seen before.
        x_um: The field's left edge on the slide, micrometres from the first field of the place.
        y_um: The field's top edge.
        new_place: True for the first field of a place.
        confidence: Above 0.5: the position is proven, at 1 by perfect agreement. Up to 0.5: the
            field is blurred by a fast push and its position rough. 0: not found.
        joins: Every join so far in this examination, in order; a chart applies them.
        blurred: It is less fine than fields at rest are, and moved since the one before.
    """

    place: int
    x_um: float
    y_um: float
    new_place: bool
    confidence: float
    joins: tuple[Join, ...] = ()
    blurred: bool = False

    @property
    def countable(self) -> bool:
        """Whether the position is good enough to count cells by.

        Cells of other fields must be left alone: they are seen again when the hand rests.
        """
        return self.confidence > 0.5

    def joined(self, joins: tuple[Join, ...]) -> Place:
        """The same field by what is known later: places that were found to be one are one.

        Args:
            joins: Of a later field of the same examination.
        """
        place = self
        for join in joins[len(self.joins) :]:
            if place.place == join.place:
                x_um, y_um = place.x_um + join.x_um, place.y_um + join.y_um
                place = replace(place, place=join.into, x_um=x_um, y_um=y_um)
        return replace(place, joins=joins)


@dataclass(frozen=True)
class _Spot:
    """A position in pixels of the reduced field; proven where no strongly blurred field led."""

    place: int
    x_px: float
    y_px: float
    agreement: float
    proven: bool = False


@dataclass(frozen=True)
class _Key:
    """A sharp field; kept small, its transform is made again when needed."""

    picture: Details
    fineness: float
    spot: _Spot

    def overlap(self, spot: _Spot) -> float:
        if spot.place != self.spot.place:
            return 0.0
        return overlap(self.picture.shape, spot.x_px - self.spot.x_px, spot.y_px - self.spot.y_px)


class _Last(NamedTuple):
    """The field that later ones are followed from.

    Attributes:
        view: It.
        spot: Where it lies.
        kept: Its place is proven and it is sharp: what lies there unmoved has the same place.
    """

    view: View
    spot: _Spot
    kept: bool = False


_KEY_VIEWS = 4
"""Keys kept ready for comparison, a megabyte each; a field at rest is compared with two."""


class Stage:
    """Follows one slide under the objective.

    Args:
        um_per_px: Scale of the fields that will come.
        settings: When a field is followed, kept or given up.

    Raises:
        ValueError: The scale is not a positive number.
    """

    def __init__(self, um_per_px: float, settings: StageSettings | None = None) -> None:
        if not (math.isfinite(um_per_px) and um_per_px > 0):
            raise ValueError(f"um_per_px must be a positive number, not {um_per_px}")
        self.um_per_px = um_per_px
        self._settings = settings or StageSettings()
        self._shape: tuple[int, ...] | None = None
        self._factor = 1
        self._keys: list[_Key] = []
        self._joins: tuple[Join, ...] = ()
        self._places = 0
        self._last: _Last | None = None
        self._lost_fields = 0
        self._dirt = Dirt(self._settings.dirt)
        self._key_views: list[tuple[Details, NDArray[np.bool_] | None, View]] = []

    def new_place(self) -> Place:
        """For a field that is known to lie apart from all others, such as a picture of a folder."""
        self._last = None
        self._places += 1
        return Place(self._places - 1, 0.0, 0.0, True, 1.0, self._joins)

    def locate_field(self, rgb: NDArray[np.uint8]) -> Place:
        """Find a field.

        Args:
            rgb: uint8, shape (height, width, 3); one that differs in size from the last begins a
                new place.
        """
        self._fit(rgb.shape)
        seen = details(rgb, self._factor, self.um_per_px, self._settings.registration)
        self._dirt.learn(seen)
        view = View(self._dirt.clean(seen))
        unmoved = self._unmoved(view)
        if self._last is not None and self._last.kept and unmoved >= self._settings.rest_kept:
            # Later fields are held against the same one, so that a creep does not go unseen.
            return self._place(self._last.spot, new=False)
        step = self._step(view, unmoved)
        sharp = self._sharp(view) or self._at_rest(step)
        return replace(self._find(view, step, sharp), blurred=not sharp)

    def _find(self, view: View, step: Offset | None, sharp: bool) -> Place:
        """The same for a field made ready, by its movement since the one before."""
        spot = self._follow(step)
        if spot is not None and (spot.proven or not sharp):
            spot = self._refine(view, spot)
        else:
            # A way that led through blurred fields is only a hint where to look for keys.
            spot = self._search(view, self._nearest_keys(spot, sharp), sharp)
        if spot is None:
            return self._give_up(view, sharp)
        self._lost_fields = 0
        if sharp:
            spot = self._keep(view, spot)
        self._last = _Last(view, spot, kept=sharp and spot.proven)
        return self._place(spot, new=False)

    @property
    def dirt_share(self) -> float:
        """Share of the field under dirt that does not move with the slide; 0 until it is known."""
        mask = self._dirt.mask
        return 0.0 if mask is None else float(mask.mean())

    def _fit(self, shape: tuple[int, ...]) -> None:
        if shape == self._shape:
            return
        self._shape = shape
        registration = self._settings.registration
        self._factor = reduction((shape[0], shape[1]), self.um_per_px, registration)
        self._keys, self._last = [], None
        self._dirt = Dirt(self._settings.dirt)

    def _place(self, spot: _Spot, new: bool) -> Place:
        um = self._factor * self.um_per_px
        agreement = min(1.0, max(0.0, spot.agreement))
        confidence = (0.5 if spot.proven else 0.0) + agreement / 2
        return Place(spot.place, spot.x_px * um, spot.y_px * um, new, confidence, self._joins)

    def _unmoved(self, view: View) -> float:
        """How well a field agrees with the last where that lay; -1 where that was not found."""
        if self._last is None or self._lost_fields:
            return -1.0
        return agreement_unmoved(self._last.view, view)

    def _step(self, view: View, unmoved: float) -> Offset | None:
        """Movement since the field before, if that one was found."""
        if self._last is None or self._lost_fields:
            return None
        limits = self._settings
        if unmoved >= limits.rest_hint:
            still = register_near(self._last.view, view, 0.0, 0.0, limits.registration)
            if still is not None and still.agreement >= limits.rest_agreement:
                return still
        return register(self._last.view, view, limits.registration)

    def _at_rest(self, step: Offset | None) -> bool:
        return step is not None and step.overlap >= (1 - self._settings.rest_step) ** 2

    def _follow(self, step: Offset | None) -> _Spot | None:
        """Where the step since the field before leads."""
        if step is None or self._last is None:
            return None
        at = self._last.spot
        proven = (
            at.proven
            and step.overlap > self._settings.key_overlap
            and step.agreement >= self._settings.chain_agreement
        )
        return _Spot(at.place, at.x_px + step.x_px, at.y_px + step.y_px, step.agreement, proven)

    def _refine(self, view: View, spot: _Spot) -> _Spot:
        """Against the two keys that share most with the field, so that errors do not add up."""
        near = sorted(self._keys, key=lambda key: key.overlap(spot), reverse=True)[:2]
        found = []
        for key in near:
            if key.overlap(spot) < self._settings.registration.min_overlap:
                continue
            at = key.spot
            offset = register_near(
                self._view_of(key),
                view,
                spot.x_px - at.x_px,
                spot.y_px - at.y_px,
                self._settings.registration,
            )
            if offset is not None:
                found.append(
                    (offset.overlap, at.x_px + offset.x_px, at.y_px + offset.y_px, offset.agreement)
                )
        if not found:
            return spot
        weight, x, y, agreement = np.array(found).T
        weight = weight / weight.sum()
        return replace(
            spot,
            x_px=float(x @ weight),
            y_px=float(y @ weight),
            agreement=float(agreement @ weight),
        )

    def _view_of(self, key: _Key) -> View:
        """A key ready for comparison; the last few stay so, while the dirt is the same."""
        mask = self._dirt.mask
        for i, (picture, under, view) in enumerate(self._key_views):
            if picture is key.picture and under is mask:
                self._key_views.append(self._key_views.pop(i))
                return view
        view = View(self._dirt.clean(key.picture))
        self._key_views = [*self._key_views[1 - _KEY_VIEWS :], (key.picture, mask, view)]
        return view

    def _nearest_keys(self, spot: _Spot | None, sharp: bool) -> list[_Key]:
        settings = self._settings
        count = settings.search_keys if sharp else settings.search_keys_blurred
        at = spot or (self._last.spot if self._last is not None else None)
        if at is None:
            return self._keys[::-1][:count]

        def distance(key: _Key) -> tuple[bool, float]:
            way = math.hypot(key.spot.x_px - at.x_px, key.spot.y_px - at.y_px)
            return key.spot.place != at.place, way

        return sorted(self._keys, key=distance)[:count]

    def _search(self, view: View, keys: list[_Key], sharp: bool) -> _Spot | None:
        """Against keys, without knowing where; proven if the field is sharp as they are."""
        for key in keys:
            found = register(self._view_of(key), view, self._settings.registration)
            if found is not None:
                at = key.spot
                spot = _Spot(
                    at.place, at.x_px + found.x_px, at.y_px + found.y_px, found.agreement, sharp
                )
                return self._refine(view, spot)
        return None

    def _keep(self, view: View, spot: _Spot) -> _Spot:
        """Make a sharp field a key where keys are far; learn whether places are one."""
        settings = self._settings
        for i, key in enumerate(self._keys):
            share = key.overlap(spot)
            if share > 0.9 and key.fineness < settings.sharp_share * view.fineness:
                self._keys[i] = _Key(view.field, view.fineness, spot)
                return spot
            if share > settings.key_overlap:
                return spot
        others = [key for key in self._keys if key.spot.place != spot.place]
        same = self._search(view, others[-settings.search_keys :], sharp=True)
        if same is not None:
            spot = self._join(spot, same)
        self._keys.append(_Key(view.field, view.fineness, spot))
        return spot

    def _join(self, spot: _Spot, same: _Spot) -> _Spot:
        """One field has two positions: the newer place becomes part of the older."""
        old, new = (same, spot) if same.place < spot.place else (spot, same)
        x, y = old.x_px - new.x_px, old.y_px - new.y_px
        um = self._factor * self.um_per_px
        self._joins += (Join(new.place, old.place, x * um, y * um),)
        self._keys = [
            replace(
                key,
                spot=replace(
                    key.spot, place=old.place, x_px=key.spot.x_px + x, y_px=key.spot.y_px + y
                ),
            )
            if key.spot.place == new.place
            else key
            for key in self._keys
        ]
        return old

    def _give_up(self, view: View, sharp: bool) -> Place:
        """A field that matches nothing: new ground, or only blurred."""
        self._lost_fields += 1
        enough = sharp or self._lost_fields >= self._settings.patience
        first = not self._keys and self._last is None
        if first or (enough and view.contrast >= self._settings.min_contrast):
            return self._begin(view)
        at = self._last.spot if self._last is not None else _Spot(0, 0.0, 0.0, 0.0)
        return self._place(replace(at, agreement=0.0, proven=False), new=False)

    def _begin(self, view: View) -> Place:
        spot = _Spot(self._places, 0.0, 0.0, 1.0, proven=True)
        self._places += 1
        self._lost_fields = 0
        self._keys.append(_Key(view.field, view.fineness, spot))
        self._last = _Last(view, spot)
        return self._place(spot, new=True)

    def _sharp(self, view: View) -> bool:
        if not self._keys:
            return True
        usual = median(key.fineness for key in self._keys[-15:])
        return view.fineness >= self._settings.sharp_share * usual
