"""The tool by which the verdict is judged tells how slides end, whoever's cells they are."""

from __future__ import annotations

import numpy as np

from bench.folds import CalledCells, Fold, examine, read_folds
from bench.slides import goals, grouped, longer, patients, row_of
from edge.judgement.operating_point import BetaSpread, OperatingPoint
from edge.judgement.slide import SlideRules
from edge.judgement.verdict import Verdict
from tests.shared_data import shared_zip
from train.evaluation.calls import Calls
from train.labels import LABELS

RULES = SlideRules(
    OperatingPoint(BetaSpread.from_mean_sd(0.9, 0.08), BetaSpread.from_mean_sd(0.01, 0.01))
)
NOBODY = Calls(
    (), *(np.zeros(0, dtype=kind) for kind in (float, int, bool, bool, bool, float, int))
)


def cells_of(name: str, blasts: int, others: int, abstained: int = 0) -> CalledCells:
    """A patient whose blasts are all flagged, and no other cell."""
    total = blasts + others + abstained
    flags = np.array([1] * blasts + [0] * others + [-1] * abstained)
    label = np.full(total, LABELS.index("neutrophil"))
    label[:blasts] = LABELS.index("blast")
    return CalledCells(name, blasts / total, flags, label, np.where(flags == 1, 0.99, 0.01))


FOLD = Fold(
    number=0,
    rules=RULES,
    others=NOBODY,
    patients=(cells_of("full", 40, 60), cells_of("free", 0, 300), cells_of("few", 0, 30)),
    healthy=cells_of("donors", 0, 500),
    healthy_labels=np.array(["neutrophil"] * 300 + ["lymphocyte"] * 200),
    elsewhere=((cells_of("phone", 0, 120, abstained=80), RULES),),
)


def test_each_patient_ends_as_the_cells_say() -> None:
    rows = {row.name: row for row in patients([FOLD], orders=3, seed=1)}
    assert rows["full"].verdicts == {"REVIEW": 3}
    assert rows["free"].verdicts == {"NO_BLASTS_FOUND": 3}
    assert rows["few"].verdicts == {"CANNOT_JUDGE": 3}
    assert rows["few"].reason.startswith("Only 30 cells")
    assert rows["full"].mean_cells < rows["free"].mean_cells < 300


def test_a_verdict_ends_the_examination_and_the_last_cell_ends_one_without() -> None:
    free = cells_of("free", 0, 300)
    end = examine(free, range(300), RULES)
    assert end.verdict is Verdict.NO_BLASTS_FOUND
    assert 100 <= end.cells < 300
    assert examine(free, range(50), RULES).cells == 50
    assert examine(free, [], RULES).verdict is Verdict.CANNOT_JUDGE


def test_a_longer_slide_of_the_same_cells_may_settle_what_a_short_one_cannot() -> None:
    rows = {row.name: row for row in longer([FOLD], draws=3, seed=1)}
    assert rows["few"].verdicts == {"NO_BLASTS_FOUND": 3}
    assert rows["phone"].verdicts == {"CANNOT_JUDGE": 3}
    assert "could not be told" in rows["phone"].reason
    assert "full" not in rows, "only patients without blasts are asked for longer slides"


def test_the_goals_count_patients_by_the_part_of_their_orders() -> None:
    rows = patients([FOLD], orders=2, seed=1)
    half = row_of(
        cells_of("half", 30, 70),
        0,
        [examine(cells_of("half", 30, 70), order, RULES) for order in (range(100), [99])],
    )
    told = goals([*rows, half], rows[:1])
    assert told["patients_with_20_percent"] == 2
    assert told["of_those_review"] == 1.5
    assert told["of_those_ever_green"] == 0
    assert any("20% to 100%" in line and "75%" in line for line in grouped([*rows, half]))


def test_draws_are_of_a_normal_differential_each_cell_once() -> None:
    drawn = FOLD.draw_normal(np.random.default_rng(3))
    assert len(set(drawn.tolist())) == len(drawn)
    labels = FOLD.healthy_labels[drawn]
    assert (labels == "neutrophil").sum() == 240
    assert (labels == "lymphocyte").sum() == 120


def test_no_patient_is_judged_by_what_was_fitted_on_the_patient() -> None:
    for name in ("jhu_acute_leukemia", "barcelona_normal", "munich_aml"):
        shared_zip(name)
    for fold in read_folds():
        own = {cells.name for cells in fold.patients}
        assert own
        assert not own & set(map(str, fold.others.patients))
