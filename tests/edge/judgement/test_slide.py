"""A slide judged from its cells: what was seen decides, not in which order it was seen."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from edge.judgement.differential import with_differential
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
        evidence = evidence.add(blast, label)
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
    assert sum(evidence.labels.values()) == evidence.tally.cells
    assert evidence.tally.blasts == sum(blast is True for blast, _ in calls)


@given(cells=st.integers(0, 400), part=st.floats(0, 1), monocytes=st.floats(0, 1))
@settings(max_examples=60, deadline=None)
def test_the_count_and_the_differential_speak_as_they_do_alone(
    cells: int, part: float, monocytes: float
) -> None:
    tally = Tally(cells, int(cells * part**3))
    labels = {"monocyte": int(cells * monocytes), "neutrophil": cells - int(cells * monocytes)}
    alone = with_differential(judge(tally, USUAL), labels, RULES.differential)
    together = judge_slide(Evidence(tally, labels), RULES)
    assert together == alone
    if alone.verdict is Verdict.REVIEW:
        assert together.cells_needed == 0


def test_a_slide_full_of_abstained_cells_says_no_nonsense_of_a_slide_without_blasts() -> None:
    """REVIEW must then hold with every abstained cell counted as unflagged, and says so."""
    evidence = seen([(True, "blast")] * 8 + [(None, "monocyte")] * 6)
    judgement = judge_slide(evidence, RULES)
    assert judgement.verdict is Verdict.REVIEW
    assert "8 of 14 cells" in judgement.reason
    assert int(judgement.reason.rsplit(" ", 1)[1].rstrip(".")) <= 8
