"""``python -m bench.views``: what it brings to look at each cell more than once.

The shipped int8 network judges the cells of its own holdout (patients it never saw, and the
pictures of the other sources that were kept back) and the boxed white cells of cameras never
trained on, by one view of each, by two, and by four mirrored ones whose logits are averaged
(`edge/inference/views.py`). Temperature and offset are set anew for each on the tuning patients.
The threshold is the one that 95% of the normal cells of the held-out patients pass, so that the
figures compare; the bundle's own comes from cross-validation.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from bench.figures import RECIPE, data_folder
from edge.crops import crop_spec
from edge.inference.classifier import Classifier, dequantize, pixel_table, quantize
from edge.inference.shelf import open_classifier
from edge.inference.views import VIEWS, mirrored
from train.cells import LabelledCell, split_cells
from train.evaluation import figures
from train.evaluation.answers import Answers
from train.evaluation.calls import call_run
from train.fields import FIELD_ZIPS, boxed_crops
from train.pixels import load_crops
from train.plan import Run, read_cells
from train.recipe import Recipe

RECORD: Final = Path(__file__).with_suffix(".json")
_FOLD: Final = 0
"""That the shipped network never saw."""
_SPECIFICITY: Final = 0.95

Logits = NDArray[np.float32]
Parts = Mapping[Literal["train", "tune", "holdout"], list[LabelledCell]]


def compare(classifier: Classifier, recipe: Recipe, data: Path) -> list[dict[str, Any]]:
    """One row for each number of views.

    Raises:
        DataMissing: The lent data is not there.
    """
    known = read_cells(recipe, data)
    parts = split_cells(known, recipe, _FOLD, None)
    spec = crop_spec(classifier.bundle.input)
    crops = {
        name: load_crops(data, parts[name], spec, _progress) for name in ("tune", "holdout")
    } | {
        name: boxed_crops(data / file, spec)
        for name, file in FIELD_ZIPS.items()
        if (data / file).is_file()
    }
    seen = {name: _each_view(classifier, some) for name, some in crops.items()}
    return [_row(views, seen, parts) for views in VIEWS]


def _each_view(classifier: Classifier, crops: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Logits of every view alone, shape (views, cells, labels)."""
    stored = quantize(crops, pixel_table(classifier.bundle.input))
    raw = [classifier.interpreter.run(view) for view in mirrored(stored, max(VIEWS))]
    return np.stack([dequantize(answers, classifier.bundle.output) for answers in raw])


def _row(views: int, seen: dict[str, NDArray[np.float64]], parts: Parts) -> dict[str, Any]:
    mean: dict[str, Logits] = {
        name: logits[:views].mean(axis=0).astype(np.float32) for name, logits in seen.items()
    }
    answers = Answers(
        tune=mean.pop("tune"),
        holdout=mean.pop("holdout"),
        fields=mean,
        views=views,
        degraded_cells=np.zeros(0, dtype=np.int64),
        degraded={},
    )
    run = call_run(Run("", _FOLD), parts, answers)
    calls = figures.white_only(run.holdout)
    patients = calls.where(calls.patients != "")
    limits = {_FOLD: figures.log_odds_at_specificity(patients, _SPECIFICITY)}
    by_source = figures.at_one_threshold(calls, limits)
    return {
        "views": views,
        "auc_patients": figures.ranking(patients)["auc"],
        **{
            f"{what}_{source}": part[what]
            for source, part in by_source.items()
            for what in ("sensitivity", "false_blasts")
            if part.get(what) is not None
        },
        **{
            f"false_blasts_{name}": part["at_one_threshold"]
            for name, part in figures.healthy_fields([run], limits).items()
        },
    }


def main(argv: list[str] | None = None) -> int:
    """Measure, print and record."""
    parser = argparse.ArgumentParser(prog="python -m bench.views")
    parser.add_argument("--out", type=Path, default=RECORD, help="where to write it")
    arguments = parser.parse_args(argv)
    classifier = open_classifier()
    rows = compare(classifier, Recipe.load(RECIPE), data_folder())
    told = {"bundle_sha256": classifier.bundle.sha256, "rows": rows}
    arguments.out.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    for row in rows:
        print(json.dumps(row))
    return 0


def _progress(done: int, total: int) -> None:
    if done % 500 == 0 or done == total:
        print(f"\rcells read: {done}/{total}", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
