"""Real lamps on mock pins: the recorded timeline of each lamp, for every state."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from edge.errors import CameraLost, LampsMissing
from edge.signals import lamps as lamps_module
from edge.signals.indicator import CompletedExamination, Indicator, Signal
from edge.signals.lamps import GpioLamps, mock_factory, mock_lamps
from edge.signals.pattern import Lamp
from edge.signals.settings import LampSettings
from edge.signals.timeline import RecordedTimeline

REPOSITORY = Path(__file__).resolve().parents[3]
PROOF = CompletedExamination("S-1", "NO_BLASTS_FOUND", True, True, 400, 200, True)
ON, OFF = True, False

# What each lamp does in the first 6 seconds of each state: (seconds, on or off).
EXPECTED = {
    Signal.plain(Indicator.DARK): {},
    Signal.plain(Indicator.READY): {
        Lamp.AMBER: [(0, ON), (0.1, OFF), (2.5, ON), (2.6, OFF), (5.0, ON), (5.1, OFF)],
    },
    Signal.plain(Indicator.KEEP_COUNTING): {
        Lamp.AMBER: [(0, ON), (1, OFF), (2, ON), (3, OFF), (4, ON), (5, OFF)],
    },
    Signal.plain(Indicator.ADVICE): {
        Lamp.AMBER: [
            change
            for i in range(5)
            for change in (
                (1.3 * i, ON),
                (1.3 * i + 0.15, OFF),
                (1.3 * i + 0.35, ON),
                (1.3 * i + 0.5, OFF),
            )
        ],
    },
    Signal.plain(Indicator.CANNOT_JUDGE): {Lamp.AMBER: [(0, ON)]},
    Signal.green(PROOF): {Lamp.GREEN: [(0, ON), (2.8, OFF), (3.0, ON), (5.8, OFF)]},
    Signal.plain(Indicator.REVIEW): {
        Lamp.RED: [
            *[(0, ON), (1.5, OFF), (1.8, ON), (2.1, OFF)],
            *[(3.0, ON), (4.5, OFF), (4.8, ON), (5.1, OFF)],
        ],
    },
    Signal.fault(CameraLost): {
        Lamp.RED: [(0, ON), (0.3, OFF), (4.7, ON), (5.0, OFF)],
        Lamp.AMBER: [
            *[(1.1, ON), (1.4, OFF), (1.75, ON), (2.05, OFF), (2.4, ON), (2.7, OFF)],
            (5.8, ON),
        ],
    },
}


class FakeClock:
    """Time that passes only when told."""

    def __init__(self):
        self.now_s = 1000.0

    def __call__(self):
        return self.now_s


class Bench:
    """Lamps on mock pins with a clock in our hands."""

    def __init__(self, settings=None):
        self.clock = FakeClock()
        self.begun_s = self.clock.now_s
        self.lamps, self.timeline = mock_lamps(settings, self.clock, threaded=False)

    def run(self, duration_s, alive_every_s=0.5):
        """Let time pass, calling tick when it asks to be called."""
        end_s = self.clock.now_s + duration_s
        next_alive_s = self.clock.now_s
        while True:
            if self.clock.now_s >= next_alive_s:
                self.lamps.keep_alive()
                next_alive_s += alive_every_s
            pause_s = self.lamps.tick()
            assert pause_s > 0
            next_s = min(self.clock.now_s + pause_s, next_alive_s)
            if next_s >= end_s:
                self.clock.now_s = end_s
                return
            self.clock.now_s = next_s

    def of(self, lamp):
        return [(round(time_s - self.begun_s, 6), lit) for time_s, lit in self.timeline.of(lamp)]


@pytest.fixture
def bench():
    made = Bench()
    yield made
    made.lamps.close()


@pytest.mark.parametrize("signal", EXPECTED, ids=lambda s: s.fault_number or s.indicator.value)
def test_the_recorded_timeline_of_each_lamp(bench, signal):
    bench.lamps.show(signal)
    bench.run(6.0)
    for lamp in Lamp:
        expected = EXPECTED[signal].get(lamp, [])
        assert bench.of(lamp) == [(pytest.approx(t, abs=1e-6), lit) for t, lit in expected]


def test_every_state_has_an_expected_timeline():
    assert {signal.indicator for signal in EXPECTED} == set(Indicator)


def test_a_hung_loop_loses_green_within_the_lease_and_shows_its_fault(bench):
    bench.lamps.show(Signal.green(PROOF))
    bench.run(20.0, alive_every_s=1e9)
    assert bench.of(Lamp.GREEN) == [(0, ON), (2.8, OFF), (3.0, ON), (5.0, OFF)]
    assert bench.of(Lamp.RED)[0] == (5.0, ON)
    assert bench.lamps.signal.fault_number == "E-RUN-01"


def test_a_late_sign_of_life_does_not_bring_green_back(bench):
    bench.lamps.show(Signal.green(PROOF))
    bench.run(6.0, alive_every_s=1e9)
    bench.run(30.0)
    assert not bench.timeline.is_lit(Lamp.GREEN)
    assert bench.of(Lamp.GREEN)[-1] == (5.0, OFF)


def test_two_lamps_are_never_lit_together(bench):
    for signal in EXPECTED:
        bench.lamps.show(signal)
        bench.run(7.3)
    lit = set()
    for change in bench.timeline.changes:
        lit = lit | {change.lamp} if change.lit else lit - {change.lamp}
        assert len(lit) <= 1


def test_closing_leaves_all_dark_and_twice_does_no_harm(bench):
    bench.lamps.show(Signal.green(PROOF))
    bench.lamps.close()
    bench.lamps.close()
    assert not any(bench.timeline.is_lit(lamp) for lamp in Lamp)
    with pytest.raises(LampsMissing, match="closed"):
        bench.lamps.show(Signal.plain(Indicator.READY))
    with pytest.raises(LampsMissing, match="closed"):
        bench.lamps.keep_alive()


def test_an_error_inside_the_block_leaves_all_dark():
    clock = FakeClock()
    lamps, timeline = mock_lamps(clock=clock, threaded=False)

    def examine():
        with lamps:
            lamps.show(Signal.green(PROOF))
            raise RuntimeError("the loop fell over")

    with pytest.raises(RuntimeError, match="fell over"):
        examine()
    assert not any(timeline.is_lit(lamp) for lamp in Lamp)


def test_lamps_that_light_on_a_low_pin_do_the_same():
    bench = Bench(LampSettings(active_high=False))
    assert not any(bench.timeline.is_lit(lamp) for lamp in Lamp)
    bench.lamps.show(Signal.green(PROOF))
    bench.run(3.1)
    bench.lamps.close()
    assert bench.of(Lamp.GREEN) == [(0, ON), (2.8, OFF), (3.0, ON), (3.1, OFF)]
    assert bench.of(Lamp.RED) == []


def heartbeat_changes(settings, alive_every_s):
    clock = FakeClock()
    factory = mock_factory(settings, RecordedTimeline(), clock)
    bench = Bench.__new__(Bench)
    bench.clock = clock
    bench.lamps = GpioLamps(settings, factory, clock, threaded=False)
    pin = factory.pin(f"GPIO{settings.heartbeat_bcm}")
    bench.lamps.show(Signal.green(PROOF))
    bench.run(4.0, alive_every_s)
    while_alive = len(pin.states)
    bench.run(20.0, alive_every_s)
    in_all = len(pin.states)
    bench.lamps.close()
    return while_alive, in_all


def test_the_heartbeat_toggles_while_the_loop_lives():
    while_alive, in_all = heartbeat_changes(LampSettings(), alive_every_s=0.5)
    assert 15 <= while_alive <= 18
    assert 94 <= in_all <= 98


def test_the_heartbeat_stops_with_the_lease():
    # Signs of life at 0 and 4 s, so the lease of 5 s ends at 9 s of the 24.
    _, in_all = heartbeat_changes(LampSettings(), alive_every_s=1e9)
    assert in_all <= 9.0 / 0.25 + 2


def test_no_heartbeat_pin_is_fine():
    bench = Bench(LampSettings(heartbeat_bcm=0))
    bench.lamps.show(Signal.plain(Indicator.CANNOT_JUDGE))
    bench.run(2.0)
    bench.lamps.close()
    assert bench.of(Lamp.AMBER) == [(0, ON), (2.0, OFF)]


def test_a_pin_that_cannot_be_written_is_a_fault_and_stops_the_heartbeat(bench):
    bench.lamps.show(Signal.plain(Indicator.KEEP_COUNTING))

    def fail():
        raise OSError("GPIO busy")

    amber, heartbeat = bench.lamps._devices["amber"], bench.lamps._devices["heartbeat"]
    dead = {name: staticmethod(fail) for name in ("on", "off", "close")}
    bench.lamps._devices["amber"] = type("Dead", (), dead)()
    bench.clock.now_s += 1.0
    bench.lamps.tick()
    beats = len(heartbeat.pin.states)
    with pytest.raises(LampsMissing, match="GPIO busy"):
        bench.lamps.keep_alive()
    with pytest.raises(LampsMissing, match="GPIO busy"):
        bench.lamps.show(Signal.green(PROOF))
    for _ in range(20):
        bench.clock.now_s += 0.25
        bench.lamps.tick()
    assert len(heartbeat.pin.states) == beats
    with pytest.warns(UserWarning, match="not released: GPIO busy"):
        bench.lamps.close()
    amber.close()


def test_closing_that_was_interrupted_is_finished_by_the_next(bench, monkeypatch):
    bench.lamps.show(Signal.plain(Indicator.REVIEW))
    interrupted = iter([True])
    let_go = lamps_module.release

    def let_go_but_once(device):
        if next(interrupted, False):
            raise KeyboardInterrupt
        let_go(device)

    monkeypatch.setattr(lamps_module, "release", let_go_but_once)
    with pytest.raises(KeyboardInterrupt):
        bench.lamps.close()
    bench.lamps.close()
    assert not any(bench.timeline.is_lit(lamp) for lamp in Lamp)


def test_without_pins_on_this_machine_one_clear_fault(monkeypatch):
    monkeypatch.setenv("GPIOZERO_PIN_FACTORY", "nonsense")
    with pytest.raises(LampsMissing, match="nonsense") as caught:
        GpioLamps()
    assert caught.value.number == "E-LMP-01"


def test_without_gpiozero_one_clear_fault(monkeypatch):
    monkeypatch.setitem(sys.modules, "gpiozero", None)
    with pytest.raises(LampsMissing, match="gpiozero is not installed"):
        GpioLamps()
    with pytest.raises(LampsMissing, match="gpiozero is not installed"):
        mock_lamps()


def test_a_pin_in_use_releases_the_ones_already_taken():
    settings = LampSettings()
    factory = mock_factory(settings, RecordedTimeline(), FakeClock())
    import gpiozero

    with (
        gpiozero.LED(settings.green_bcm, pin_factory=factory),
        pytest.raises(LampsMissing, match="in use"),
    ):
        GpioLamps(settings, factory, FakeClock(), threaded=False)
    GpioLamps(settings, factory, FakeClock(), threaded=False).close()


def test_the_thread_runs_the_pattern_by_itself_and_ends_with_close():
    lamps, timeline = mock_lamps(LampSettings(lease_s=0.5))
    hung = threading.Event()
    with lamps:
        lamps.show(Signal.green(PROOF))
        assert timeline.is_lit(Lamp.GREEN)
        # Nobody keeps it alive: wait for the fault, as long as it takes on a busy machine.
        while not hung.is_set():
            hung.wait(0.02)
            if timeline.is_lit(Lamp.RED):
                hung.set()
        assert not timeline.is_lit(Lamp.GREEN)
        assert lamps.signal.fault_number == "E-RUN-01"
    assert not any(timeline.is_lit(lamp) for lamp in Lamp)
    assert not any(thread.name == "lamps" for thread in threading.enumerate())


@pytest.mark.parametrize("ending", ["SIGTERM", "SIGHUP", "SIGINT", "end"])
def test_a_process_that_is_ended_leaves_the_lamps_dark(ending):
    story = f"""
import os, signal, sys
from edge.signals.ending import end_in_order
from edge.signals.indicator import CompletedExamination, Signal
from edge.signals.lamps import mock_lamps
from edge.signals.pattern import Lamp
import atexit
# Whoever runs the tests may ignore a signal (nohup), and a child inherits that.
for number in (signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, signal.SIG_DFL)
signal.signal(signal.SIGINT, signal.default_int_handler)
end_in_order()
atexit.register(lambda: print("lit:", [l.value for l in Lamp if timeline.is_lit(l)], flush=True))
lamps, timeline = mock_lamps()
lamps.show(Signal.green(CompletedExamination("S", "NO_BLASTS_FOUND", True, True, 9, 9, True)))
print("shown:", [l.value for l in Lamp if timeline.is_lit(l)], flush=True)
if {ending!r} != "end":
    os.kill(os.getpid(), getattr(signal, {ending!r}, 0))
    signal.pause()
"""
    done = subprocess.run(
        [sys.executable, "-c", story],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.stdout.splitlines() == ["shown: ['green']", "lit: []"], done.stderr
    if ending in ("SIGTERM", "SIGHUP"):
        assert done.returncode in (143, 129)


def test_the_timeline_prints_what_the_lamps_did(bench):
    bench.lamps.show(Signal.plain(Indicator.KEEP_COUNTING))
    bench.run(1.5)
    lines = bench.timeline.lines(since_s=bench.begun_s)
    assert lines == ["    0.00 s  amber  on", "    1.00 s  amber  off"]


def test_gpiozero_is_named_in_one_file_only():
    named = {
        path.relative_to(REPOSITORY).as_posix()
        for path in (REPOSITORY / "edge").rglob("*.py")
        if any(
            line.lstrip().startswith(("import gpiozero", "from gpiozero"))
            or 'import_module("gpiozero' in line
            for line in path.read_text(encoding="utf-8").splitlines()
        )
    }
    assert named == {"edge/signals/lamps.py"}
    assert lamps_module.__doc__
