"""A hand rests: its field is searched once, and again when it moved on or became sharper."""

from __future__ import annotations

import pytest

from edge.imaging.looks import Looks, LookSettings
from edge.imaging.stage import Join, Place


def at(x_um: float, y_um: float = 0.0, place: int = 0, joins: tuple[Join, ...] = ()) -> Place:
    return Place(place, x_um, y_um, False, 1.0, joins)


def test_the_tremor_of_a_resting_hand_is_one_field() -> None:
    looks = Looks()
    assert not looks.enough(at(100.0), 2.5)
    looks.note(at(100.0), 2.5)
    assert looks.enough(at(100.6), 2.6)
    assert looks.enough(at(99.2))
    assert looks.enough(at(100.4, 1.0))


def test_a_field_that_creeps_away_is_searched_again_once_there_is_new_ground() -> None:
    looks = Looks()
    looks.note(at(0.0))
    first_again = next(i for i in range(100) if not looks.enough(at(0.1 * i)))
    assert 0.1 * first_again == pytest.approx(3.0)


def test_other_places_are_other_fields_until_they_are_joined() -> None:
    looks = Looks()
    looks.note(at(10.0, place=1))
    assert not looks.enough(at(10.0, place=0))
    joined = (Join(1, 0, 500.0, 40.0),)
    assert looks.enough(at(510.0, 40.0, joins=joined))
    assert not looks.enough(at(10.0, joins=joined))


def test_a_field_that_became_sharper_is_searched_again_but_not_for_ever() -> None:
    """The focus is turned at the first field: what was too blurred to be found is found then."""
    looks, searched_at = Looks(), []
    for sharpness in (1.4, 1.5, 1.9, 2.0, 2.6, 3.2, 3.3):
        if not looks.enough(at(0.0), sharpness):
            looks.note(at(0.0), sharpness)
            searched_at.append(sharpness)
    assert searched_at == [1.4, 1.9, 2.6]
    assert looks.enough(at(0.0), 1.4), "and blurred again there is nothing new to see"


def test_fields_that_share_ground_are_known_unless_they_were_less_sharp() -> None:
    """What two fields hold makes one half as sharp again as the other; more is the focus."""
    looks = Looks()
    looks.note(at(0.0), 2.0)
    looks.note(at(250.0), 3.0)
    looks.note(at(250.0, 400.0), 3.0)
    looks.note(at(260.0, place=1), 3.0)
    size_um = (460.0, 260.0)
    assert looks.known(at(240.0), 2.9, *size_um) == [(-240.0, 0.0), (10.0, 0.0)]
    assert looks.known(at(240.0), 3.1, *size_um) == [(10.0, 0.0)], "the first was out of focus"
    assert looks.known(at(250.0), 3.4, *size_um) == [], "the field itself is sharper now"
    assert looks.known(at(240.0, 150.0), 3.1, *size_um) == [(10.0, -150.0), (10.0, 250.0)]
    assert looks.known(at(900.0), 3.0, *size_um) == []


def test_known_ground_moves_with_a_place_that_is_joined() -> None:
    looks = Looks()
    looks.note(at(0.0, place=1), 3.0)
    joined = (Join(1, 0, 500.0, 40.0),)
    assert looks.known(at(490.0, 40.0), 3.0, 460.0, 260.0) == []
    assert looks.known(at(490.0, 40.0, joins=joined), 3.0, 460.0, 260.0) == [(10.0, 0.0)]


@pytest.mark.parametrize(
    "wrong",
    [
        {"most": 0},
        {"near_um": 0.0},
        {"near_um": float("nan")},
        {"sharper": 1.0},
        {"known_sharper": 1.0},
    ],
)
def test_settings_without_sense_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="must be"):
        LookSettings(**wrong)  # type: ignore[arg-type]
