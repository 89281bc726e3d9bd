"""The lease: who falls silent loses the lamps."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.errors import CameraLost, LoopHung
from edge.signals.indicator import CompletedExamination, Indicator, Signal
from edge.signals.pattern import NONE, Lamp
from edge.signals.player import LampPlayer

GREEN = Signal.green(CompletedExamination("S-1", "NO_BLASTS_FOUND", True, True, 400, 200, True))
HUNG = Signal.fault(LoopHung)


def test_a_player_begins_dark_and_stays_so():
    player = LampPlayer(5.0, now_s=0.0)
    assert player.at(1000.0)[0] == NONE


def test_green_falls_to_a_fault_when_nobody_lives():
    player = LampPlayer(5.0, now_s=0.0)
    player.show(GREEN, 10.0)
    assert player.at(14.9)[0] == {Lamp.GREEN}
    lit, _ = player.at(15.0)
    assert lit == {Lamp.RED}
    assert player.signal == HUNG


def test_a_player_asks_to_be_looked_at_when_its_lease_ends():
    player = LampPlayer(2.0, now_s=0.0)
    player.show(GREEN, 10.0)
    assert player.at(10.5) == ({Lamp.GREEN}, 12.0)
    player.show(Signal.plain(Indicator.CANNOT_JUDGE), 11.0)
    assert player.at(11.5) == ({Lamp.AMBER}, 13.0)


def test_a_sign_of_life_keeps_green_and_a_late_one_does_not_bring_it_back():
    player = LampPlayer(5.0, now_s=0.0)
    player.show(GREEN, 0.0)
    player.keep_alive(4.0)
    player.at(8.0)
    assert player.signal == GREEN
    player.keep_alive(9.5)
    assert player.signal == HUNG
    player.keep_alive(9.6)
    player.at(9.7)
    assert player.signal == HUNG
    player.show(GREEN, 20.0)
    assert player.signal == GREEN


def test_faults_and_darkness_need_nobody():
    player = LampPlayer(5.0, now_s=0.0)
    player.show(Signal.fault(CameraLost), 0.0)
    player.at(1e6)
    assert player.signal == Signal.fault(CameraLost)


def test_showing_the_same_again_does_not_disturb_the_rhythm():
    player = LampPlayer(5.0, now_s=0.0)
    signal = Signal.plain(Indicator.KEEP_COUNTING)
    player.show(signal, 0.0)
    player.show(signal, 0.9)
    assert player.at(0.9) == ({Lamp.AMBER}, 1.0)
    assert player.at(1.5)[0] == NONE


def test_a_signal_of_another_making_is_refused():
    class Forged(Signal):
        @property
        def pattern(self):
            return GREEN.pattern

    with pytest.raises(TypeError, match="lamps show a Signal"):
        LampPlayer(5.0, 0.0).show(Forged(Indicator.READY), 0.0)


def test_something_that_is_no_signal_is_refused():
    with pytest.raises(TypeError, match="lamps show a Signal"):
        LampPlayer(5.0, 0.0).show("green", 0.0)


@settings(derandomize=True, max_examples=150, deadline=None)
@given(
    st.floats(0.5, 60),
    st.floats(0, 1e6),
    st.lists(
        st.tuples(st.floats(0, 20), st.sampled_from(["green", "amber", "live", "ask"])),
        max_size=30,
    ),
)
def test_green_is_never_lit_longer_than_the_lease_after_the_last_sign_of_life(lease_s, now_s, acts):
    player = LampPlayer(lease_s, now_s)
    last_sign_s = -1e9
    for pause_s, act in acts:
        now_s += pause_s
        lit, until_s = player.at(now_s)
        assert until_s > now_s
        if Lamp.GREEN in lit:
            assert now_s <= last_sign_s + lease_s + 1e-6
        if act in ("green", "amber"):
            signal = GREEN if act == "green" else Signal.plain(Indicator.KEEP_COUNTING)
            player.show(signal, now_s)
            last_sign_s = now_s
        elif act == "live":
            player.keep_alive(now_s)
            last_sign_s = now_s
