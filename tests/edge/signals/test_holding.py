"""A signal held in sight stays alive."""

import math

import pytest

from edge.signals.holding import hold
from edge.signals.indicator import CompletedExamination, Indicator, Signal
from edge.signals.lamps import mock_lamps
from edge.signals.pattern import Lamp
from edge.signals.settings import LampSettings

GREEN = Signal.green(CompletedExamination("S-1", "NO_BLASTS_FOUND", True, True, 400, 200, True))


class Time:
    """A clock that sleeping moves on, bringing the lamps up to the present."""

    def __init__(self):
        self.now_s = 0.0
        self.lamps, self.timeline = mock_lamps(
            LampSettings(lease_s=0.5), lambda: self.now_s, threaded=False
        )

    def sleep(self, pause_s):
        self.now_s += pause_s
        self.lamps.tick()


def test_green_held_for_a_minute_outlives_its_lease_and_no_more():
    time = Time()
    with time.lamps as lamps:
        lamps.show(GREEN)
        hold(lamps, 60.0, lambda: time.now_s, time.sleep)
        assert time.now_s == pytest.approx(60.0)
        assert lamps.signal == GREEN
        time.sleep(0.6)
        assert lamps.signal.indicator is Indicator.FAULT
        assert not time.timeline.is_lit(Lamp.GREEN)


def test_held_for_ever_ends_with_an_interruption_and_dark():
    time = Time()

    def sleep(pause_s):
        time.sleep(pause_s)
        if time.now_s > 10:
            raise KeyboardInterrupt

    time.lamps.show(GREEN)
    with pytest.raises(KeyboardInterrupt), time.lamps:
        hold(time.lamps, math.inf, lambda: time.now_s, sleep)
    assert not any(time.timeline.is_lit(lamp) for lamp in Lamp)


def test_no_time_at_all_is_fine():
    time = Time()
    with time.lamps as lamps:
        hold(lamps, 0.0, lambda: time.now_s, time.sleep)
    assert time.now_s == 0.0
