"""States: green needs a proof, each state has its own rhythm, each fault its own code."""

import math
from dataclasses import replace

import pytest

from edge.errors import CameraLost, LeukoscopeError, all_faults
from edge.judgement.verdict import Verdict
from edge.signals.indicator import (
    APPEARANCES,
    FAULT_AREAS,
    BlinkCode,
    CompletedExamination,
    Indicator,
    Signal,
    blink_code,
    when_completed,
    while_examining,
)
from edge.signals.pattern import Lamp

PROOF = CompletedExamination(
    slide="S-1",
    verdict="NO_BLASTS_FOUND",
    golden_test_passed=True,
    in_focus=True,
    cells=400,
    cells_required=200,
    control_holds=True,
)
VERDICTS = ("KEEP_COUNTING", "NO_BLASTS_FOUND", "REVIEW", "CANNOT_JUDGE")


def working_signals():
    plain = [i for i in APPEARANCES if i not in (Indicator.NO_BLASTS_FOUND, Indicator.DARK)]
    return [Signal(i) for i in plain] + [Signal.green(PROOF)]


def test_only_green_lights_green():
    for signal in [*working_signals(), Signal.plain(Indicator.DARK)]:
        green = Lamp.GREEN in signal.pattern.lamps
        assert green is (signal.indicator is Indicator.NO_BLASTS_FOUND)
    for fault in all_faults():
        assert Signal.fault(fault).pattern.lamps == {Lamp.RED, Lamp.AMBER}


def test_green_without_a_proof_is_a_type_error():
    for stand_in in (None, True, "proof", object()):
        with pytest.raises(TypeError, match="CompletedExamination only"):
            Signal(Indicator.NO_BLASTS_FOUND, proof=stand_in)


def test_a_subclass_that_skips_the_checks_is_no_proof():
    class Forged(CompletedExamination):
        def __post_init__(self):
            pass

    with pytest.raises(TypeError, match="CompletedExamination only"):
        Signal.green(Forged("S", "REVIEW", False, False, 0, 0, False))


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        *(({"verdict": v}, "not shown green") for v in VERDICTS if v != "NO_BLASTS_FOUND"),
        ({"golden_test_passed": False}, "golden test"),
        ({"golden_test_passed": "yes"}, "golden test"),
        ({"control_holds": False}, "control slide"),
        ({"control_holds": "yes"}, "control slide"),
        ({"in_focus": False}, "focus"),
        ({"in_focus": 1}, "focus"),
        ({"cells": 199}, "199"),
        ({"cells": 0, "cells_required": 0}, "cells"),
        ({"cells_required": -1}, "cells"),
        ({"cells": math.nan}, "cells"),
    ],
)
def test_an_examination_that_falls_short_gives_no_proof(change, complaint):
    with pytest.raises(ValueError, match=complaint):
        replace(PROOF, **change)


def test_nothing_else_carries_a_proof_and_only_a_fault_has_a_number():
    with pytest.raises(ValueError, match="only green"):
        Signal(Indicator.REVIEW, proof=PROOF)
    with pytest.raises(ValueError, match="number"):
        Signal(Indicator.FAULT)
    with pytest.raises(ValueError, match="number"):
        Signal(Indicator.READY, fault_number="E-CAM-01")


def test_each_state_has_a_rhythm_of_its_own_for_eyes_without_colours():
    rhythms = {
        tuple((bool(step.lit), step.duration_s) for step in signal.pattern.steps)
        for signal in working_signals()
    }
    assert len(rhythms) == len(working_signals())


def test_a_working_device_is_never_dark_for_three_seconds():
    signals = working_signals() + [Signal.fault(fault) for fault in all_faults()]
    for signal in signals:
        assert signal.pattern.lamps
        assert all(s.duration_s < 3 for s in signal.pattern.steps if not s.lit), signal.indicator


def test_no_state_flashes_more_than_three_times_a_second():
    signals = working_signals() + [Signal.fault(fault) for fault in all_faults()]
    for signal in signals:
        steps = signal.pattern.steps * 3
        starts_s = [
            math.fsum(step.duration_s for step in steps[:i])
            for i, step in enumerate(steps)
            if step.lit and not (i and steps[i - 1].lit == step.lit)
        ]
        for start_s in starts_s:
            assert sum(start_s <= other_s < start_s + 1 for other_s in starts_s) <= 3


def test_each_fault_has_a_blink_code_of_its_own():
    codes = {fault.number: blink_code(fault.number) for fault in all_faults()}
    unknown = [number for number, code in codes.items() if code is None]
    assert not unknown, f"append the areas of {unknown} to FAULT_AREAS"
    assert len(set(codes.values())) == len(all_faults())


def test_the_areas_known_to_people_keep_their_place():
    first = ("CAM", "BUN", "INT", "REC", "LMP", "RUN", "SET", "SCA", "PIC", "USE", "DAT", "CNV")
    assert FAULT_AREAS[: len(first)] == first


def test_a_fault_counts_out_its_number():
    assert blink_code("E-CAM-03") == BlinkCode(red=1, amber=3)
    signal = Signal.fault(CameraLost("gone"))
    steps = [step for step in signal.pattern.steps if step.lit]
    assert [step.lit for step in steps] == [{Lamp.RED}] + [{Lamp.AMBER}] * 3
    assert "1 red, 3 amber (E-CAM-03)" in signal.words


@pytest.mark.parametrize("number", ["E-GEN-00", "E-XYZ-01", "E-CAM-00", "nonsense", "E-CAM-1"])
def test_a_fault_of_no_known_area_is_shown_all_the_same(number):
    signal = Signal(Indicator.FAULT, fault_number=number)
    assert signal.pattern.lamps == {Lamp.RED, Lamp.AMBER}
    assert signal.words == "red and amber in turn"


def test_the_base_fault_can_be_shown():
    assert Signal.fault(LeukoscopeError("odd")).fault_number == "E-GEN-00"


def test_an_examination_under_way_is_never_green():
    shown = {(v, t): while_examining(v, t).indicator for v in VERDICTS for t in (True, False)}
    assert Indicator.NO_BLASTS_FOUND not in shown.values()
    assert shown["KEEP_COUNTING", False] is Indicator.KEEP_COUNTING
    assert shown["KEEP_COUNTING", True] is Indicator.ADVICE
    assert shown["REVIEW", True] is Indicator.REVIEW


def test_an_examination_that_ended_shows_its_verdict():
    assert when_completed("REVIEW", None).indicator is Indicator.REVIEW
    assert when_completed("REVIEW", PROOF).indicator is Indicator.REVIEW
    assert when_completed("CANNOT_JUDGE", PROOF).indicator is Indicator.CANNOT_JUDGE
    assert when_completed("KEEP_COUNTING", PROOF).indicator is Indicator.CANNOT_JUDGE
    assert when_completed("nonsense", PROOF).indicator is Indicator.CANNOT_JUDGE
    assert when_completed("NO_BLASTS_FOUND", PROOF) == Signal.green(PROOF)


def test_the_verdicts_are_those_of_the_judgement():
    assert [verdict.value for verdict in Verdict] == list(VERDICTS)
    proof = replace(PROOF, verdict=Verdict.NO_BLASTS_FOUND)
    for verdict in Verdict:
        assert while_examining(verdict, False) == while_examining(verdict.value, False)
        by_name = when_completed(verdict.value, PROOF)
        assert when_completed(verdict, proof).indicator is by_name.indicator


def test_no_blasts_without_a_proof_is_not_green():
    assert when_completed("NO_BLASTS_FOUND", None).indicator is Indicator.CANNOT_JUDGE


def test_advice_flashes_so_often_as_its_kind_says():
    seen = set()
    for flashes in range(2, 7):
        signal = while_examining("KEEP_COUNTING", troubled=True, flashes=flashes)
        steps = signal.pattern.steps
        assert sum(bool(step.lit) for step in steps) == flashes
        assert str(flashes) in signal.words
        seen.add(signal)
    assert len(seen) == 5
    assert while_examining("REVIEW", troubled=True, flashes=4).indicator is Indicator.REVIEW


@pytest.mark.parametrize("flashes", [0, 1, 7])
def test_flashes_that_nobody_can_count_are_refused(flashes):
    with pytest.raises(ValueError, match="two to six"):
        Signal.advice(flashes)


def test_only_advice_has_flashes():
    with pytest.raises(ValueError, match="only advice"):
        Signal(Indicator.READY, flashes=3)
