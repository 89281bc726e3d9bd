"""A machine without lamps obeys the same protocol."""

import pytest

from edge.signals.indicator import Indicator, Signal
from edge.signals.lamps import mock_lamps
from edge.signals.panel import Lamps, NoLamps


def test_no_lamps_remember_and_print_nothing(capsys):
    with NoLamps() as lamps:
        lamps.show(Signal.plain(Indicator.REVIEW))
        lamps.keep_alive()
        assert lamps.signal.indicator is Indicator.REVIEW
    assert lamps.signal.indicator is Indicator.DARK
    assert capsys.readouterr() == ("", "")


def test_no_lamps_refuse_what_lamps_refuse():
    with pytest.raises(TypeError, match="lamps show a Signal"):
        NoLamps().show("green")


def test_both_kinds_are_lamps():
    def use(lamps: Lamps) -> None:
        lamps.show(Signal.plain(Indicator.READY))
        lamps.close()

    use(NoLamps())
    use(mock_lamps(threaded=False)[0])
