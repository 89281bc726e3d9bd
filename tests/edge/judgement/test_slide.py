"""A slide judged from its cells: what was seen decides, not in which order it was seen."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from edge.judgement.differential import Differential, with_differential
from edge.judgement.slide import Evidence, SlideRules, judge_slide
from edge.judgement.tally import Tally
from edge.judgement.verdict import Verdict, judge
from tests.edge.judgement.networks import USUAL

RULES = SlideRules(USUAL)
LABELS = ("blast", "neutrophil", "lymphocyte", "monocyte", "erythroblast")
cells = st.lists(
    st.tuples(st.sampled_from([True, False, False, False, None]), st.sampled_from(LABELS)),
    max_size=150,
)


def seen(calls: list[tuple[bool | None, str]]) -> Evidence:
    evidence = Evidence()
    for blast, label in calls:
        evidence = evidence.add(blast, label, 0.9 if blast else 0.1)
    return evidence


@given(calls=cells, data=st.data())
@settings(max_examples=60, deadline=None)
def test_the_order_of_the_cells_does_not_matter(
    calls: list[tuple[bool | None, str]], data: st.DataObject
) -> None:
    other = data.draw(st.permutations(calls))
    for final in (False, True):
        assert judge_slide(seen(calls), RULES, final) == judge_slide(seen(other), RULES, final)


@given(calls=cells)
@settings(max_examples=60, deadline=None)
def test_every_cell_is_counted_once_and_abstained_ones_have_no_label(
    calls: list[tuple[bool | None, str]],
) -> None:
    evidence = seen(calls)
    assert evidence.tally.seen == len(calls)
    assert evidence.differential.told == evidence.tally.cells
    assert evidence.tally.blasts == sum(blast is True for blast, _ in calls)


@given(cells=st.integers(0, 400), part=st.floats(0, 1), monocytes=st.floats(0, 1))
@settings(max_examples=60, deadline=None)
def test_the_count_and_the_differential_speak_as_they_do_alone(
    cells: int, part: float, monocytes: float
) -> None:
    tally = Tally(cells, int(cells * part**3))
    many = int(cells * monocytes)
    found = Differential({"monocyte": many, "neutrophil": cells - many}, many, cells)
    alone = with_differential(judge(tally, USUAL), found, RULES.differential)
    together = judge_slide(Evidence(tally, found), RULES)
    assert together == alone
    if alone.verdict is Verdict.REVIEW:
        assert together.cells_needed == 0


def test_a_slide_full_of_abstained_cells_says_no_nonsense_of_a_slide_without_blasts() -> None:
    """REVIEW must then hold with every abstained cell counted as unflagged, and says so."""
    evidence = seen([(True, "blast")] * 8 + [(None, "neutrophil")] * 6)
    judgement = judge_slide(evidence, RULES)
    assert judgement.verdict is Verdict.REVIEW
    assert "8 of 14 cells" in judgement.reason
    assert int(judgement.reason.rsplit(" ", 1)[1].rstrip(".")) <= 8


GREENNESS = {
    Verdict.NO_BLASTS_FOUND: 2,
    Verdict.KEEP_COUNTING: 1,
    Verdict.CANNOT_JUDGE: 1,
    Verdict.REVIEW: 0,
}


@given(calls=cells, label=st.sampled_from(LABELS))
@settings(max_examples=60, deadline=None)
def test_a_cell_flagged_after_all_never_makes_a_slide_greener(
    calls: list[tuple[bool | None, str]], label: str
) -> None:
    """The same cells, one of them flagged instead of not: by count and by differential."""
    for final in (False, True):
        plain = judge_slide(seen([*calls, (False, label)]), RULES, final)
        flagged = judge_slide(seen([*calls, (True, label)]), RULES, final)
        assert GREENNESS[flagged.verdict] <= GREENNESS[plain.verdict]
