"""A camera without colour, or with red for blue, is named; no real stain is taken for one."""

from __future__ import annotations

import numpy as np
import pytest

from edge.imaging.colour_watch import ColourFault, ColourWatch
from edge.imaging.red_cells import RedStain, red_stain
from tests.edge.imaging.smears import drawn_field, real_pictures

PINK = RedStain(0.5, (-0.6, -0.4), 0.7)
GREY = RedStain(0.5, (0.0, 0.02), 0.0)
EXCHANGED = RedStain(0.5, (-0.4, -0.6), -0.7)
NO_NUCLEI = RedStain(0.5, (-0.6, -0.4))


def seen(*stains: RedStain | None) -> list[ColourFault]:
    watch = ColourWatch()
    return [fault for stain in stains if (fault := watch.see(stain)) is not None]


def test_one_grey_field_asks_for_another_and_two_are_enough() -> None:
    watch = ColourWatch()
    assert watch.see(None) is None
    assert (watch.see(GREY), watch.eager) == (None, True)
    assert watch.see(GREY) is ColourFault.GREY
    assert seen(GREY, PINK, GREY, GREY) == []  # it has colours; a field of bare glass may not
    assert seen(PINK, *[None] * 9, GREY, GREY) == []


def test_red_for_blue_takes_five_fields_with_nuclei() -> None:
    assert seen(*[EXCHANGED] * 4, *[NO_NUCLEI] * 9) == []
    assert seen(*[EXCHANGED, NO_NUCLEI] * 5) == [ColourFault.EXCHANGED]
    assert seen(*[EXCHANGED] * 2, *[PINK] * 3, *[EXCHANGED] * 9) == []


def test_a_drawn_field_tells_which_is_red() -> None:
    field = drawn_field(0.2, size=(720, 960), nuclei=6)
    stain, exchanged = red_stain(field), red_stain(np.ascontiguousarray(field[..., ::-1]))
    assert stain is not None
    assert exchanged is not None
    assert stain.nuclei is not None
    assert exchanged.nuclei is not None
    assert stain.nuclei > 0 > exchanged.nuclei


@pytest.mark.parametrize(
    ("source", "told_when_exchanged"),
    [
        ("jhu_wide_fields", True),
        ("bccd_fields", True),
        ("jhu_acute_leukemia", True),
        ("barcelona_normal", True),
        ("munich_aml", True),
        ("chula_red_cells", False),  # hardly any nuclei in them
        ("raabin_phone", False),  # a phone's colours: nuclei as blue as red cells
    ],
)
def test_no_real_source_is_taken_for_exchanged(source: str, told_when_exchanged: bool) -> None:
    pictures = [rgb for _, rgb in real_pictures(source, 25, seed=11)]
    found = [red_stain(rgb) for rgb in pictures]
    exchanged = [red_stain(np.ascontiguousarray(rgb[..., ::-1])) for rgb in pictures]
    print(f"{source}: median {np.median([s.nuclei for s in found if s and s.nuclei is not None])}")
    for first in range(0, 25, 5):
        assert seen(*found[first:], *found[:first]) == []
    if told_when_exchanged:
        assert seen(*exchanged) == [ColourFault.EXCHANGED]
