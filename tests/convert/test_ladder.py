"""The ladder climbs for a reason: what is wrong with one rung decides which is tried next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import pytest

from convert.gate import INTERPRETERS, SENSITIVITY_KEPT, Check
from convert.ladder import Ladder, Way
from convert.quantize import FloatModel
from convert.settings import ConvertSettings
from convert.trial import Rung, Trial


@dataclass(frozen=True)
class _Tried:
    """What the ladder reads of a trial."""

    rung: Rung
    failed: list[Check]
    layers: tuple[()] = ()

    @property
    def only_rounding_is_wrong(self) -> bool:
        return Trial.only_rounding_is_wrong.fget(self)  # type: ignore[attr-defined,no-any-return]


@dataclass(frozen=True)
class _Source:
    exact: bytes = b""


class _OneWay(Ladder):
    """One float model; rungs are names only."""

    def __init__(self) -> None:
        self._settings = ConvertSettings(most_float_layers=0)
        self.ways = [Way(cast(FloatModel, _Source()), 1.0, None)]

    def _rung(self, way: Way, factor: float, kept_float: tuple[str, ...] = ()) -> Rung:
        return Rung(f"{factor:.2f}", b"", b"", kept_float)


def _climb(failures: dict[str, list[str]], otherwise: list[str]) -> list[str]:
    def judge(rung: Rung) -> Any:
        names = failures.get(rung.name, otherwise)
        return _Tried(rung, [Check(name, False, "") for name in names])

    return [trial.rung.name for trial in _OneWay().climb(judge, lambda said: None)]


@pytest.mark.parametrize("wrong", [SENSITIVITY_KEPT, INTERPRETERS])
def test_what_rounding_decides_is_tried_again_with_outputs_of_other_widths(wrong: str) -> None:
    tried = _climb({"3.00": [wrong], "4.20": [wrong]}, otherwise=[])
    assert tried == ["3.00", "4.20", "5.88"]  # the third passed


def test_a_wider_output_is_not_tried_against_anything_else() -> None:
    assert _climb({}, otherwise=["AUC is kept"]) == ["3.00"]
    assert _climb({}, otherwise=[SENSITIVITY_KEPT, "AUC is kept"]) == ["3.00"]


def test_widths_come_to_an_end() -> None:
    assert _climb({}, otherwise=[SENSITIVITY_KEPT]) == ["3.00", "4.20", "5.88", "8.23"]
