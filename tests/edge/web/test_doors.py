"""An installer sets PINs; whoever guesses is locked out, and pulling the plug does not help."""

from __future__ import annotations

import json
import stat
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.errors import PinRefused, PinsDamaged
from edge.web.doors import FILE_NAME, FREE_TRIES, MAX_PEOPLE, Doors, lock_s
from edge.web.pins import PinHash, checked_pin, hash_pin
from edge.web.roles import Role, named_role
from tests.edge.web.clinic import Clock


def test_the_right_pin_opens_and_a_wrong_one_does_not(tmp_path: Path) -> None:
    doors = Doors(tmp_path, Clock())
    assert not doors.are_set
    doors.set_pin("A. Mwangi", Role.REVIEWER, "tundra-58")
    assert doors.are_set
    entry = doors.enter("A. Mwangi", "tundra-58", "network")
    assert entry.person is not None
    assert entry.person.role is Role.REVIEWER
    assert doors.enter("A. Mwangi", "tundra-59", "network").person is None
    assert doors.enter("nobody", "tundra-58", "network").person is None


@pytest.mark.dear_pins
def test_no_pin_lies_in_the_file_and_nobody_else_may_read_it(tmp_path: Path) -> None:
    Doors(tmp_path, Clock()).set_pin("admin", Role.ADMIN, "tundra-58")
    file = tmp_path / FILE_NAME
    assert "tundra-58" not in file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    kept = json.loads(file.read_text())["people"][0]["pin"]
    assert kept["n"] * kept["r"] * 128 >= 16 * 2**20, "each guess must cost memory"


def test_five_wrong_pins_lock_the_door_even_for_the_right_one(tmp_path: Path) -> None:
    clock = Clock()
    doors = Doors(tmp_path, clock)
    doors.set_pin("admin", Role.ADMIN, "tundra-58")
    entries = [doors.enter("admin", f"wrong-{i}", "network") for i in range(FREE_TRIES)]
    assert [entry.locked_s for entry in entries] == [0, 0, 0, 0, lock_s(FREE_TRIES)]
    assert entries[-1].just_locked
    locked = doors.enter("admin", "tundra-58", "network")
    assert locked.person is None
    assert 0 < locked.locked_s <= lock_s(FREE_TRIES)
    clock.now_s += lock_s(FREE_TRIES) + 1
    assert doors.enter("admin", "tundra-58", "network").person is not None
    assert doors.enter("admin", "wrong", "network").locked_s == 0, "the count begins anew"


def test_nobody_on_the_network_can_lock_out_the_person_at_the_device(tmp_path: Path) -> None:
    doors = Doors(tmp_path, Clock())
    doors.set_pin("admin", Role.ADMIN, "tundra-58")
    for i in range(FREE_TRIES):
        doors.enter("admin", f"wrong-{i}", "network")
    assert doors.enter("admin", "tundra-58", "device").person is not None
    assert doors.enter("admin", "tundra-58", "network").person is None


def test_a_lock_out_outlives_a_pulled_plug_and_a_clock_set_forward(tmp_path: Path) -> None:
    doors = Doors(tmp_path, Clock())
    doors.set_pin("admin", Role.ADMIN, "tundra-58")
    for i in range(FREE_TRIES):
        doors.enter("admin", f"wrong-{i}", "network")
    later = Clock()
    later.now_s += 10**6
    again = Doors(tmp_path, later)
    assert again.enter("admin", "tundra-58", "network").locked_s > 0


def test_a_guess_counts_before_it_is_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A plug pulled in the very moment of the answer gives no guess back."""
    doors = Doors(tmp_path, Clock())
    doors.set_pin("admin", Role.ADMIN, "tundra-58")

    def power_cut(self: PinHash, pin: str) -> bool:
        raise KeyboardInterrupt

    monkeypatch.setattr(PinHash, "matches", power_cut)
    with pytest.raises(KeyboardInterrupt):
        doors.enter("admin", "wrong", "network")
    assert json.loads((tmp_path / FILE_NAME).read_text())["wrong"] == {"network:admin": 1}


def test_a_new_pin_ends_the_lock_out_and_a_removed_one_lets_nobody_in(tmp_path: Path) -> None:
    doors = Doors(tmp_path, Clock())
    doors.set_pin("admin", Role.ADMIN, "tundra-58")
    for i in range(FREE_TRIES):
        doors.enter("admin", f"wrong-{i}", "network")
    doors.set_pin("admin", Role.ADMIN, "taiga-77")
    assert doors.enter("admin", "taiga-77", "network").person is not None
    assert doors.remove("admin")
    assert not doors.remove("admin")
    assert doors.enter("admin", "taiga-77", "network").person is None


def test_a_pin_set_by_the_command_holds_while_the_page_runs(tmp_path: Path) -> None:
    page, command = Doors(tmp_path, Clock()), Doors(tmp_path, Clock())
    assert page.people() == []
    command.set_pin("viewer", Role.VIEWER, "tundra-58")
    assert [person.name for person in page.people()] == ["viewer"]


def test_locks_grow_and_end(tmp_path: Path) -> None:
    waits = [lock_s(wrong) for wrong in range(1000)]
    assert waits[: FREE_TRIES - 1] == [0.0] * (FREE_TRIES - 1)
    assert waits == sorted(waits)
    assert waits[-1] == 3600


def test_a_damaged_file_lets_nobody_in(tmp_path: Path) -> None:
    doors = Doors(tmp_path, Clock())
    doors.set_pin("admin", Role.ADMIN, "tundra-58")
    file = tmp_path / FILE_NAME
    good = file.read_text()
    for bad in (good[:40], "[]", "{}", good.replace("admin", "king"), good.replace("1024", "3")):
        file.write_text(bad)
        with pytest.raises(PinsDamaged):
            Doors(tmp_path, Clock())
        with pytest.raises(PinsDamaged):
            doors.enter("admin", "tundra-58", "network")


@pytest.mark.parametrize("pin", ["", "12345", "111111", "123456", "987654", "121212", "a" * 65])
def test_a_pin_that_anybody_would_try_is_refused(pin: str) -> None:
    with pytest.raises(PinRefused):
        checked_pin(pin)


def test_there_is_an_end_to_people_and_to_names(tmp_path: Path) -> None:
    doors = Doors(tmp_path, Clock())
    for name in ("", " ", "x" * 65, "a\x00b"):
        with pytest.raises(PinRefused):
            doors.set_pin(name, Role.VIEWER, "tundra-58")
    with pytest.raises(ValueError, match="viewer, reviewer, admin"):
        named_role("king")
    assert MAX_PEOPLE < 100


@settings(max_examples=3, deadline=None)
@given(st.text(min_size=6, max_size=12))
def test_any_pin_that_is_accepted_opens_its_own_door(pin: str) -> None:
    try:
        kept = hash_pin(pin)
    except PinRefused:
        return
    assert kept.matches(pin)
    assert not kept.matches(pin + "x")


def test_an_unknown_name_takes_as_long_as_a_known_one(tmp_path: Path) -> None:
    doors = Doors(tmp_path, Clock())
    doors.set_pin("admin", Role.ADMIN, "tundra-58")

    def least_s(name: str) -> float:
        times = []
        for _ in range(3):
            began_s = time.perf_counter()
            doors.enter(name, "wrong-one", "device")
            times.append(time.perf_counter() - began_s)
        return min(times)

    assert 0.3 < least_s("nobody") / least_s("admin") < 3
