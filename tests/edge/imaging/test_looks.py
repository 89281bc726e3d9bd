"""A hand rests: its field is searched twice, and again only when it has moved on."""

from __future__ import annotations

import pytest

from edge.imaging.looks import Looks, LookSettings
from edge.imaging.stage import Join, Place


def at(x_um: float, y_um: float = 0.0, place: int = 0, joins: tuple[Join, ...] = ()) -> Place:
    return Place(place, x_um, y_um, False, 1.0, joins)


def test_the_tremor_of_a_resting_hand_is_one_field() -> None:
    looks = Looks()
    for x_um in (100.0, 100.6):
        assert not looks.enough(at(x_um))
        looks.note(at(x_um))
    assert looks.enough(at(99.2))
    assert looks.enough(at(100.4, 1.0))


def test_a_field_that_creeps_away_is_searched_again_once_there_is_new_ground() -> None:
    looks = Looks()
    looks.note(at(0.0))
    looks.note(at(0.0))
    first_again = next(i for i in range(100) if not looks.enough(at(0.1 * i)))
    assert 0.1 * first_again == pytest.approx(2.0)


def test_other_places_are_other_fields_until_they_are_joined() -> None:
    looks = Looks()
    looks.note(at(10.0, place=1))
    looks.note(at(10.0, place=1))
    assert not looks.enough(at(10.0, place=0))
    joined = (Join(1, 0, 500.0, 40.0),)
    assert looks.enough(at(510.0, 40.0, joins=joined))
    assert not looks.enough(at(10.0, joins=joined))


@pytest.mark.parametrize("wrong", [{"enough": 0}, {"near_um": 0.0}, {"near_um": float("nan")}])
def test_settings_without_sense_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        LookSettings(**wrong)  # type: ignore[arg-type]
