"""Why a slide could not be judged: the person reads what to mend, the main hindrance first."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from edge.hindrances import Hindrances
from edge.imaging.quality import Trouble
from edge.judgement.verdict import Judgement, Verdict

NONE = Hindrances(40, 0.2, None, False, 0, 0, Counter())
FEW = Judgement(Verdict.CANNOT_JUDGE, 0.0, (0.0, 1.0), 150, "Only 0 cells were judged.")


@pytest.mark.parametrize(
    ("hindered", "said"),
    [
        (NONE, "Only 0 cells were judged."),
        (
            replace(NONE, um_per_px=None),
            "The scale could not be measured: too few whole red cells in focus. "
            "Choose a thinner part of the smear, or give --um-per-px.",
        ),
        (
            replace(NONE, um_per_px=None, light_trouble=Trouble.FLICKERING_LAMP),
            "The scale could not be measured (flickering lamp). "
            "The lamp flickers: use another lamp, or run this one from a battery.",
        ),
        (
            replace(NONE, other_scale_pictures=7),
            "7 of 40 pictures are of another scale than 0.2 um/px and were not counted. "
            "Only 0 cells were judged.",
        ),
        (
            replace(NONE, repeated_pictures=39, troubles=Counter({Trouble.MOVING: 40})),
            "39 of 40 pictures show ground seen before; its cells were counted once. "
            "Only 0 cells were judged.",
        ),
        (
            replace(NONE, troubles=Counter({Trouble.FLICKERING_LAMP: 30, Trouble.MOVING: 10})),
            "30 of 40 frames could not be used (flickering lamp). Only 0 cells were judged.",
        ),
        (replace(NONE, troubles=Counter({Trouble.MOVING: 20})), "Only 0 cells were judged."),
    ],
)
def test_the_main_hindrance_is_told(hindered: Hindrances, said: str) -> None:
    assert hindered.reason(FEW, 0.5) == said


def test_another_objective_is_told_before_what_it_led_to() -> None:
    hindered = replace(NONE, other_objective=True, troubles=Counter({Trouble.OUT_OF_FOCUS: 40}))
    assert hindered.reason(FEW, 0.5).startswith("The red cells are of another scale")


def test_a_verdict_keeps_its_own_reason() -> None:
    found = replace(FEW, verdict=Verdict.REVIEW, reason="7 of 10 cells look like blasts.")
    hindered = replace(NONE, troubles=Counter({Trouble.FLICKERING_LAMP: 30}))
    assert hindered.reason(found, 0.5) == "7 of 10 cells look like blasts."
