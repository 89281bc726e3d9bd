"""Parts that fall silent are named; parts that are heard are not."""

import pytest

from edge.heartbeats import DISK, FRAME, INFERENCE, LIMITS_S, Heartbeats


class Clock:
    now_s = 100.0

    def __call__(self):
        return self.now_s


def test_a_part_is_overdue_once_its_own_limit_has_passed():
    clock = Clock()
    beats = Heartbeats({FRAME: 5.0, INFERENCE: 10.0, DISK: 60.0}, clock)
    assert beats.overdue() == []
    clock.now_s += 6
    assert beats.overdue() == [FRAME]
    beats.beat(FRAME)
    clock.now_s += 5
    assert beats.overdue() == [INFERENCE]
    clock.now_s += 50
    assert beats.overdue() == [FRAME, INFERENCE, DISK]
    for part in (FRAME, INFERENCE, DISK):
        beats.beat(part)
    assert beats.overdue() == []


def test_a_part_nobody_waits_for_is_an_error_of_the_program():
    with pytest.raises(KeyError):
        Heartbeats().beat("nose")


def test_a_hung_loop_is_ended_by_the_watchdog_within_30_seconds():
    """The unit's watchdog and its time to die come on top of the longest silence."""
    watchdog_s, dying_s, starting_s = 8.0, 2.0, 5.0
    for part in (FRAME, INFERENCE):
        assert LIMITS_S[part] + watchdog_s + dying_s + starting_s < 30
