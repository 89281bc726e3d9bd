"""Each holdout patient as one examination, judged by the device's own code."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from convert.cells import CellSet
from convert.description import NetworkDescription
from convert.operating_point import Answers, group_name, members_of_groups
from edge.judgement.slide import Evidence, SlideRules, judge_slide
from edge.judgement.verdict import Verdict


@dataclass(frozen=True)
class Examined:
    """How one patient's cells were judged.

    Attributes:
        group: The patient, or a whole source that names none.
        cells: White cells there are.
        counted: Cells that were looked at before the verdict.
        float_verdict: By the float network's answers.
        int8_verdict: By the int8 network's.
    """

    group: str
    cells: int
    counted: int
    float_verdict: Verdict
    int8_verdict: Verdict


def examine_both(
    cells: CellSet,
    int8: Answers,
    reference: Answers,
    network: NetworkDescription,
    rules: SlideRules,
    seed: int,
) -> list[Examined]:
    """Verdicts on every patient by both networks, the cells met in one and the same order.

    Args:
        cells: The holdout.
        int8: Answers of the int8 network.
        reference: Answers of the float network, at the same decision.
        network: Labels.
        rules: What the device judges by with the bundle to be.
        seed: Of the order in which cells are met.
    """
    rng = np.random.default_rng(seed)
    found = []
    for group, members in members_of_groups(cells).items():
        order = rng.permutation(members)
        now, seen = _verdict(order, int8, network, rules)
        before, _ = _verdict(order, reference, network, rules)
        white = int(cells.is_white[members].sum())
        found.append(Examined(group_name(group), white, seen, before, now))
    return found


def _verdict(
    order: np.ndarray[tuple[int], np.dtype[np.int64]],
    answers: Answers,
    network: NetworkDescription,
    rules: SlideRules,
) -> tuple[Verdict, int]:
    """The first verdict that ends the count, and after how many white cells."""
    evidence = Evidence()
    for index in order:
        if not answers.counted[index]:
            continue
        blast = bool(answers.flagged[index]) if answers.answered[index] else None
        label = network.labels[int(answers.scores.best[index])]
        evidence = evidence.add(blast, label, float(answers.scores.p_blast[index]))
        verdict = judge_slide(evidence, rules).verdict
        if verdict is not Verdict.KEEP_COUNTING:
            return verdict, evidence.tally.seen
    return judge_slide(evidence, rules, final=True).verdict, evidence.tally.seen
