"""What a buzzer sounds, as times and on its pin."""

import itertools

from gpiozero.pins.mock import MockFactory

from edge.errors import CameraLost
from edge.signals.buzzer import SOUNDS, sounds
from edge.signals.indicator import Indicator, Signal
from edge.signals.lamps import GpioLamps
from edge.signals.settings import LampSettings


def test_results_and_faults_sound_and_nothing_else_does():
    assert set(SOUNDS) == {
        Indicator.REVIEW,
        Indicator.NO_BLASTS_FOUND,
        Indicator.CANNOT_JUDGE,
        Indicator.FAULT,
    }
    for one, other in itertools.combinations(SOUNDS.values(), 2):
        assert one != other
    assert sounds(Indicator.KEEP_COUNTING, 0.0) == (False, float("inf"))


def test_a_sound_is_heard_once_and_ends():
    total_s = sum(SOUNDS[Indicator.REVIEW])
    assert sounds(Indicator.REVIEW, 0.0)[0]
    assert not sounds(Indicator.REVIEW, 0.2)[0]
    assert sounds(Indicator.REVIEW, total_s + 0.01) == (False, float("inf"))


def test_the_pin_sounds_for_a_fault_and_is_silent_after_it():
    now = [0.0]
    factory = MockFactory()
    lamps = GpioLamps(LampSettings(buzzer_bcm=25), factory, lambda: now[0], threaded=False)
    pin = factory.pin("GPIO25")
    with lamps:
        assert not pin.state
        lamps.show(Signal.fault(CameraLost))
        heard = []
        while now[0] < 3:
            now[0] += min(lamps.tick(), 0.05)
            heard.append(bool(pin.state))
        assert [on for on, _ in itertools.groupby(heard)] == [True, False, True, False]
    assert not pin.state
