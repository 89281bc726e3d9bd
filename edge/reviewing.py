"""A reviewed examination judged anew: the records' calls put to the statistics.

The room of records knows no statistics and the room of judgement no records; here they meet.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from edge.inference.bundle import Bundle
from edge.judgement.operating_point import BetaSpread, OperatingPoint
from edge.judgement.reviewed import ReviewCounts, reviewed_share
from edge.records.result import ReviewedResult
from edge.records.reviews import PersonCall, newest_calls
from edge.records.rows import CellRecord, Conditions, StoredCell
from edge.records.store import Store
from edge.settings import Settings

DISTRIBUTION = "leukoscope"


def conditions_of(bundle: Bundle, settings: Settings) -> Conditions:
    """What an examination is judged by, to be recorded at its start.

    Args:
        bundle: The model in use.
        settings: All settings.
    """
    from importlib.metadata import version  # slow to import, and only an examination needs it

    software = f"{DISTRIBUTION} {version(DISTRIBUTION)}"
    model = {
        "name": bundle.name,
        "version": bundle.version,
        "sha256": bundle.sha256,
        "labels": list(bundle.labels),
        "blast_labels": list(bundle.blast_labels),
        "threshold": bundle.threshold,
        "abstention": asdict(bundle.abstention),
        "operating_point": asdict(bundle.operating_point),
        "scores_compared": bundle.score_reference is not None,
        "crop_um_per_px": bundle.input.um_per_px,
        "crop_size_px": bundle.input.size_px,
    }
    return Conditions(settings=asdict(settings), bundle=model, software=software)


def reviewed_result(store: Store, examination: int) -> ReviewedResult:
    """The result of an examination with every review so far in it.

    Raises:
        RecordMissing: There is no such examination.
    """
    store.examination(examination)
    cells = store.cells(examination, crops=False)
    conditions = store.conditions(examination)
    return result_of(cells, newest_calls(store, examination), conditions)


def result_of(
    cells: Iterable[StoredCell],
    calls: Mapping[int, PersonCall],
    conditions: Conditions | None,
) -> ReviewedResult:
    """The result of cells with a person's calls in it.

    Args:
        cells: Of one examination.
        calls: The person's call that counts, by the cell's number.
        conditions: What the examination was judged by; None where that was not recorded.
    """
    counts: Counter[str] = Counter()
    labels: Counter[str] = Counter()
    for cell in cells:
        call = calls.get(cell.number)
        counts.update(_counted(cell.record, call))
        if call is None and cell.record.blast is not None:
            labels[cell.record.label] += 1
        elif call is not None and call.blast is not None:
            labels[call.label] += 1
    evidence = ReviewCounts(**{name: counts[name] for name in ReviewCounts.__dataclass_fields__})
    share, interval = _share(evidence, conditions)
    return ReviewedResult(
        cells=evidence.cells,
        reviewed=evidence.reviewed,
        blasts=evidence.blasts + evidence.flagged,
        removed=counts["removed"],
        not_told=counts["not_told"],
        changed=counts["changed"],
        blast_share=None if share is None else round(share, 4),
        interval=None if interval is None else (round(interval[0], 4), round(interval[1], 4)),
        differential=dict(sorted(labels.items())),
    )


def _counted(machine: CellRecord, call: PersonCall | None) -> list[str]:
    """What one cell adds to: names of `ReviewCounts`, and of what stands beside them."""
    if call is None:
        if machine.blast is None:
            return ["not_told"]
        return ["flagged" if machine.blast else "unflagged"]
    changed = ["changed"] if machine.blast is None or machine.label != call.label else []
    if call.blast is None:
        return ["removed", *changed]
    of_person = "blasts" if call.blast else "others"
    if machine.blast is None:
        return [of_person, *changed]
    both = {
        (True, True): "hits",
        (True, False): "misses",
        (False, True): "false_alarms",
        (False, False): "rejections",
    }
    return [of_person, both[call.blast, machine.blast], *changed]


def _share(
    evidence: ReviewCounts, conditions: Conditions | None
) -> tuple[float | None, tuple[float, float] | None]:
    """The share and its interval; the network's error rates are those recorded at the start."""
    if evidence.cells == 0:
        return None, None
    of_network = evidence.flagged + evidence.unflagged
    if conditions is None and of_network:
        return None, None
    coverage = 0.95
    # Where a person called every cell, the network's error rates have no say.
    point = OperatingPoint(BetaSpread(1.0, 1.0), BetaSpread(1.0, 1.0))
    if conditions is not None:
        coverage = float(conditions.settings.get("verdict", {}).get("coverage", coverage))
        point = _operating_point(conditions.bundle["operating_point"])
    return reviewed_share(evidence, point, coverage)


def _operating_point(told: Mapping[str, Any]) -> OperatingPoint:
    return OperatingPoint(BetaSpread(**told["sensitivity"]), BetaSpread(**told["false_blast_rate"]))
