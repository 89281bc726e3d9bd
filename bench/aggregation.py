"""``python -m bench.aggregation``: what the cells of a slide say together, in three ways.

- ``count``: the device's own, the likelihood ratio of the count of flagged cells (beta-binomial);
- ``sum``: calibrated log-likelihood ratios of all cells summed, without spread between patients;
- ``model``: a slide-level model of the distribution of scores (`bench/score_model.py`).

Each is fitted on the other folds' patients. Held-out patients with blasts are compared with slides
from healthy sources (donors in a normal differential, cameras never trained on) and with held-out
patients without blasts, 110 cells each; healthy slides of 400 cells are asked besides how often the
evidence is wrong there. Two questions: how well it ranks (AUC, a patient against a healthy slide),
and what it finds at the same bound of 1 / alpha, and how often it is wrong there. The models' bins
were chosen after looking at these patients, so the alternatives are shown at their best.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from bench.figures import RECIPE, ROOT
from bench.folds import RUNS, CalledCells, Fold, Indices, read_folds
from bench.score_model import bin_counts, fit_score_model
from convert.settings import ConvertSettings
from edge.judgement.rates import log_likelihood, rate_weights, share_grid
from edge.judgement.slide import SlideRules
from edge.judgement.urn import SequenceProbability
from edge.judgement.verdict import VerdictSettings
from train.evaluation.calls import cell_set, log_odds

METHODS: Final = ("count", "sum", "model")
_CELLS: Final = 110  # as many as most patients have, so that nobody wins by length
_LONG_CELLS: Final = 400
_LONG: Final = f", {_LONG_CELLS} cells"
_FREE: Final = 0.01
_GROUPS: Final = {"20% and more": (0.2, 1.01), "10 to 20%": (0.1, 0.2), "5 to 10%": (0.05, 0.1)}

Evidence = Callable[[CalledCells, Indices, SlideRules], tuple[float, float, float]]


def evidence_of(fold: Fold) -> Evidence:
    """ln of the evidence of some cells, for each of `METHODS`, fitted on the other folds."""
    settings = VerdictSettings()
    fitted = fold.others
    below = ConvertSettings().blast_free_below
    model = fit_score_model(cell_set(fitted.cells), fitted.log_odds, below)
    shares = share_grid(settings.share_limit)

    def evidence(
        cells: CalledCells, chosen: Indices, rules: SlideRules
    ) -> tuple[float, float, float]:
        some = rate_weights(rules.point, shares).mean(axis=0, keepdims=True)
        none = SequenceProbability(rules.point.false_blast_rate, len(chosen))
        calls, counts = cells.blast[chosen], bin_counts(log_odds(cells.p_blast[chosen]))
        told = np.array([float((calls >= 0).sum())])
        flagged = np.array([float((calls == 1).sum())])
        count = float(log_likelihood(told, flagged, some)[0, 0] - none(told, flagged)[0])
        return count, model.log_ratio_sum(counts), model.log_evidence(counts)

    return evidence


def slides(fold: Fold, draws: int, seed: int) -> Iterator[tuple[str, float, tuple[float, ...]]]:
    """Kind of slide, signed share and evidence: the fold's patients, and healthy draws."""
    evidence = evidence_of(fold)
    rng = np.random.default_rng([seed, fold.number])
    for cells in fold.patients:
        kind = "patients without blasts" if cells.signed_share < _FREE else "patients"
        yield kind, cells.signed_share, evidence(cells, np.arange(len(cells)), fold.rules)
    for _ in range(draws):
        drawn = fold.draw_normal(rng)
        yield fold.healthy.name, 0.0, evidence(fold.healthy, drawn[:_CELLS], fold.rules)
        yield fold.healthy.name + _LONG, 0.0, evidence(fold.healthy, drawn, fold.rules)
        for cells, rules in fold.elsewhere:
            drawn = rng.permutation(len(cells))[:_CELLS]
            yield cells.name, 0.0, evidence(cells, drawn, rules)
            drawn = rng.integers(0, len(cells), _LONG_CELLS)
            yield cells.name + _LONG, 0.0, evidence(cells, drawn, rules)


def compare(folds: Sequence[Fold], draws: int, seed: int) -> dict[str, Any]:
    """All figures of the comparison, plain values."""
    found = [slide for fold in folds for slide in slides(fold, draws, seed)]
    kinds = np.array([kind for kind, _, _ in found])
    shares = np.array([share for _, share, _ in found])
    values = np.array([value for _, _, value in found])
    ill = (kinds == "patients") & (shares >= VerdictSettings().share_limit)
    healthy = sorted(set(kinds.tolist()) - {"patients"})
    bound = float(-np.log(VerdictSettings().alpha))
    told: dict[str, Any] = {"patients_with_5_percent": int(ill.sum()), "methods": {}}
    for place, method in enumerate(METHODS):
        own = values[:, place]
        told["methods"][method] = {
            "auc": {
                kind: _auc(own[ill], own[kinds == kind])
                for kind in healthy
                if not kind.endswith(_LONG)
            },
            "found": {
                group: [
                    int((own[ill & (shares >= low) & (shares < high)] >= bound).sum()),
                    int((ill & (shares >= low) & (shares < high)).sum()),
                ]
                for group, (low, high) in _GROUPS.items()
            },
            "wrong": {
                kind: round(float((own[kinds == kind] >= bound).mean()), 4) for kind in healthy
            },
        }
    return told


def _share(flags: np.ndarray[Any, Any]) -> float:
    return round(float(flags.mean()), 4)


def _auc(ill: np.ndarray[Any, Any], healthy: np.ndarray[Any, Any]) -> float:
    """Probability that a patient with blasts has more evidence than a healthy slide."""
    more = (ill[:, None] > healthy[None, :]).mean()
    alike = (ill[:, None] == healthy[None, :]).mean()
    return round(float(more + alike / 2), 4)


def main(argv: Sequence[str] | None = None) -> int:
    """Print the comparison and write it as JSON; exit status 0."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.aggregation",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--runs", type=Path, default=RUNS, help="folder of the training runs")
    parser.add_argument("--recipe", type=Path, default=RECIPE)
    parser.add_argument("--draws", type=int, default=40, help="healthy slides a source and fold")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=ROOT / "bench" / "aggregation.json")
    arguments = parser.parse_args(argv)
    folds = read_folds(arguments.runs, arguments.recipe)
    told = compare(folds, arguments.draws, arguments.seed)
    for method, figures in told["methods"].items():
        print(f"{method}:")
        for what, found in figures.items():
            print(f"  {what}: {json.dumps(found)}")
    arguments.out.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
