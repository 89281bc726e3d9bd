"""A slide whose untold cells may be its blasts is not green, however clean the told ones are."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from edge.judgement.doubt import with_doubt
from edge.judgement.slide import Evidence, SlideRules, judge_slide
from edge.judgement.tally import Tally
from edge.judgement.verdict import Verdict, VerdictSettings, judge
from tests.edge.judgement.networks import USUAL

SETTINGS = VerdictSettings()
GREEN, AMBER, OPEN = Verdict.NO_BLASTS_FOUND, Verdict.CANNOT_JUDGE, Verdict.KEEP_COUNTING


def slide(*cells: tuple[bool | None, float, int]) -> Evidence:
    """Cells in turn: flagged or not or abstained from, their p_blast, how many."""
    evidence = Evidence()
    for blast, p_blast, count in cells:
        for _ in range(count):
            evidence = evidence.add(blast, "neutrophil", p_blast)
    return evidence


def test_a_clean_slide_with_a_few_harmless_doubts_is_green() -> None:
    evidence = slide((False, 0.01, 400), (None, 0.4, 4))
    assert evidence.doubtful == 0
    assert judge_slide(evidence, SlideRules(USUAL)).verdict is GREEN


def test_blasts_that_the_network_cannot_tell_keep_a_slide_from_green() -> None:
    """Ten cells that may as well be blasts as not, among four hundred clean ones."""
    evidence = slide((False, 0.01, 400), (None, 0.5, 10), (None, 0.3, 10))
    assert judge(evidence.tally, USUAL, SETTINGS).verdict is GREEN, "by the told cells alone"
    told = judge_slide(evidence, SlideRules(USUAL))
    assert told.verdict is not GREEN
    assert "10 of 420 cells could not be told, but are likelier blasts than not" in told.reason
    ended = judge_slide(evidence, SlideRules(USUAL), final=True)
    assert ended.verdict is AMBER
    assert ended.cells_needed is None


def test_more_clean_cells_bring_the_green_after_all() -> None:
    doubted = slide((False, 0.01, 110), (None, 0.5, 4))
    waiting = judge_slide(doubted, SlideRules(USUAL))
    assert waiting.verdict is OPEN
    later = slide((False, 0.01, 600), (None, 0.5, 4))
    assert judge_slide(later, SlideRules(USUAL)).verdict is GREEN


@given(
    cells=st.integers(0, 600),
    flagged=st.floats(0, 0.1),
    abstained=st.integers(0, 60),
    doubtful=st.integers(0, 60),
    final=st.booleans(),
)
def test_no_verdict_but_green_is_ever_touched_and_none_becomes_green(
    cells: int, flagged: float, abstained: int, doubtful: int, final: bool
) -> None:
    tally = Tally(cells, int(cells * flagged), abstained)
    before = judge(tally, USUAL, SETTINGS, final)
    after = with_doubt(before, tally, min(doubtful, abstained), USUAL, SETTINGS, final)
    if before.verdict is not GREEN:
        assert after is before
    elif after is not before:
        assert after.verdict in ((AMBER,) if final else (AMBER, OPEN))
