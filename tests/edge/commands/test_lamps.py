"""What the lamps say once the boot service has ended: its unit calls `leukoscope lamps down`."""

import gpiozero
import pytest
from gpiozero.pins.mock import MockFactory

from edge.cli import main
from edge.signals import lamps as lamps_module

RED, AMBER, GREEN = 17, 27, 22


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        pytest.param("success", set(), id="told to stop, or shut down by the button"),
        pytest.param("signal", {RED, AMBER}, id="killed"),
        pytest.param("watchdog", {RED, AMBER}, id="hung"),
        pytest.param("exit-code", {RED, AMBER}, id="failed"),
        pytest.param(None, {RED, AMBER}, id="called by hand"),
    ],
)
def test_all_dark_says_that_the_plug_may_be_pulled(monkeypatch, tmp_path, result, expected):
    """Held for 8 seconds the button shuts down, and hardware.md says to wait until all is dark."""
    pins = MockFactory()
    monkeypatch.setattr(gpiozero.Device, "pin_factory", pins)
    monkeypatch.delenv("SERVICE_RESULT", raising=False)
    if result is not None:
        monkeypatch.setenv("SERVICE_RESULT", result)
    left = []

    def lit():
        return {
            n for n in (RED, AMBER, GREEN) if pins.pin(n).function == "output" and pins.pin(n).state
        }

    def ended(status):
        left.append(lit())  # the pins keep it: nothing is closed any more
        raise SystemExit(status)

    monkeypatch.setattr(lamps_module.os, "_exit", ended)
    try:
        status = main(["lamps", "down", "--home", str(tmp_path)])
    except SystemExit as exit_:
        status = exit_.code
    assert status == 0
    assert [*left, lit()][0] == expected
