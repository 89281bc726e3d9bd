"""``python -m bench.figures``: the figures of README.md, from real data and phantoms.

Every examination goes through the real loop, bundle and store; only the camera is a replay. The
results are printed as they come and written to ``bench/figures.json``.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import sys
import tempfile
import zipfile
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from edge.camera.source import open_camera
from edge.crops import crop_spec
from edge.errors import LeukoscopeError
from edge.imaging.crop import crop_cell
from edge.imaging.locate import Candidate, locate
from edge.inference.classifier import Classifier
from edge.inference.shelf import open_classifier
from edge.pictures import scaled_pictures
from edge.records.store import Store
from edge.screening import Outcome, Screening
from edge.settings import Settings
from edge.signals.panel import NoLamps
from train.cells import LabelledCell, blast_share, read_index, split_cells
from train.labels import NON_CELL_LABELS
from train.recipe import Recipe

ROOT = Path(__file__).resolve().parent.parent
RECIPE = ROOT / "train" / "recipes" / "leukoscope-mnv2.toml"

BLAST_FIELDS = {"P08": 5, "P10": 1, "P15": 1, "P35": 2, "P36": 1, "P58": 1, "P64": 1}
"""Patients of the wide fields with many cells and many blasts, and how many fields of each."""

_SIDES = ("xmin", "ymin", "xmax", "ymax")

NORMAL_DRAW = {
    "neutrophil": 240,
    "lymphocyte": 120,
    "monocyte": 24,
    "eosinophil": 12,
    "basophil": 4,
}
"""400 white cells in the proportions of normal blood (60, 30, 6, 3 and 1 percent)."""


def data_folder() -> Path:
    """Where the lent real data lies."""
    return Path(os.environ.get("LEUKOSCOPE_DATA", ROOT.parent / "shared" / "data"))


def examine(source: str, classifier: Classifier, um_per_px: float | None = None) -> Outcome:
    """One examination in a store of its own."""
    with (
        tempfile.TemporaryDirectory(prefix="leukoscope-bench-") as home,
        open_camera(source) as camera,
        Store.open(Path(home)) as store,
    ):
        lamps = NoLamps()
        loop = Screening(camera, classifier, store, lamps, Settings(), "bench", source, um_per_px)
        return loop.run()


def wide_fields(
    classifier: Classifier, folder: Path, names: Sequence[str] | None = None
) -> dict[str, object]:
    """``screen`` on ``pan:`` over wide fields of leukemia patients, scale measured."""
    rows = []
    with (
        zipfile.ZipFile(folder / "jhu_wide_fields.zip") as archive,
        tempfile.TemporaryDirectory(prefix="leukoscope-bench-") as scratch,
    ):
        for name in sorted(n for n in archive.namelist() if n.endswith(".webp")):
            if names is not None and name not in names:
                continue
            picture = Path(archive.extract(name, scratch))
            outcome = examine(f"pan:{picture}", classifier)
            rows.append({"field": name, **_short(outcome)})
            print(f"  {name}  {_line(outcome)}", flush=True)
            picture.unlink()
    rich = set(_rich_fields(rows))
    verdicts = Counter(str(row["verdict"]) for row in rows)
    return {
        "fields": len(rows),
        "verdicts": dict(verdicts),
        "green": verdicts["NO_BLASTS_FOUND"],
        "fields_with_many_blasts": len(rich),
        "of_those_review": sum(row["verdict"] == "REVIEW" for row in rows if row["field"] in rich),
        "rows": rows,
    }


def _rich_fields(rows: Sequence[dict[str, object]]) -> list[str]:
    """The fields with many cells and blasts: of each named patient those with the most cells."""
    chosen = []
    for patient, count in BLAST_FIELDS.items():
        own = [row for row in rows if str(row["field"]).startswith(patient + "_")]
        own.sort(key=lambda row: -int(str(row["cells"])))
        chosen += [str(row["field"]) for row in own[:count]]
    return chosen


def held_out(source: str, folder: Path) -> list[LabelledCell]:
    """Cells of one source that the shipped network was not trained on, nor tuned on."""
    recipe = Recipe.load(RECIPE)
    cells = [cell for one in recipe.sources for cell in read_index(folder, one)]
    return [cell for cell in split_cells(cells, recipe)["holdout"] if cell.source == source]


def healthy_draws(classifier: Classifier, folder: Path, draws: int, seed: int) -> dict[str, object]:
    """``screen`` on ``replay:`` of held-out healthy cells in normal proportions."""
    cells = held_out("barcelona", folder)
    by_label = {label: [cell for cell in cells if cell.label == label] for label in NORMAL_DRAW}
    rows = []
    with zipfile.ZipFile(folder / "barcelona_normal.zip") as archive:
        for number in range(draws):
            rng = np.random.default_rng((seed, number))
            drawn = [
                by_label[label][i]
                for label, count in NORMAL_DRAW.items()
                for i in rng.permutation(len(by_label[label]))[:count]
            ]
            order = rng.permutation(len(drawn))
            with tempfile.TemporaryDirectory(prefix="leukoscope-bench-") as scratch:
                for place, i in enumerate(order):
                    target = Path(scratch) / f"{place:04d}.webp"
                    target.write_bytes(archive.read(drawn[int(i)].file))
                outcome = examine(f"replay:{scratch}", classifier)
            rows.append(_short(outcome))
            print(f"  draw {number:2d}  {_line(outcome)}", flush=True)
    return {
        "draws": draws,
        "verdicts": dict(Counter(str(r["verdict"]) for r in rows)),
        "rows": rows,
    }


def held_out_patients(classifier: Classifier, folder: Path) -> dict[str, object]:
    """``screen`` on ``replay:`` of every held-out patient's signed white cells, scale measured."""
    cells = [c for c in held_out("jhu", folder) if c.label not in NON_CELL_LABELS]
    rows = []
    with zipfile.ZipFile(folder / "jhu_acute_leukemia.zip") as archive:
        for patient in sorted({cell.patient for cell in cells}):
            own = [cell for cell in cells if cell.patient == patient]
            signed = blast_share(own)
            order = np.random.default_rng(7).permutation(len(own))
            with tempfile.TemporaryDirectory(prefix="leukoscope-bench-") as scratch:
                for place, i in enumerate(order):
                    target = Path(scratch) / f"{place:04d}.webp"
                    target.write_bytes(archive.read(own[int(i)].file))
                outcome = examine(f"replay:{scratch}", classifier)
            rows.append({"patient": patient, "signed_share": round(signed, 4), **_short(outcome)})
            print(f"  {patient}  signed {signed:4.0%}  {_line(outcome)}", flush=True)
    many = [row for row in rows if float(str(row["signed_share"])) >= 0.2]
    some = [row for row in rows if float(str(row["signed_share"])) >= 0.02]
    few = [row for row in rows if float(str(row["signed_share"])) < 0.02]
    return {
        "patients": len(rows),
        "with_20_percent": len(many),
        "of_those_review": sum(row["verdict"] == "REVIEW" for row in many),
        "with_2_percent": len(some),
        "of_those_green": sum(row["verdict"] == "NO_BLASTS_FOUND" for row in some),
        "with_less": len(few),
        "verdicts_with_less": dict(Counter(str(row["verdict"]) for row in few)),
        "rows": rows,
    }


def located_fields(folder: Path) -> dict[str, object]:
    """White cells of the BCCD fields against their boxes, through the code of ``locate``.

    A hit: a centre inside a box, each box once. Two ways to come by the scale: all fields named
    in one command, and each field alone.
    """
    told: dict[str, object] = {}
    with (
        zipfile.ZipFile(folder / "bccd_fields.zip") as archive,
        tempfile.TemporaryDirectory(prefix="leukoscope-bench-") as scratch,
    ):
        names = sorted(name for name in archive.namelist() if name.startswith("images/"))
        paths = [Path(archive.extract(name, scratch)) for name in names]
        boxes = [_white_cell_boxes(archive, name) for name in names]
        ways = {"together": [paths], "each_alone": [[path] for path in paths]}
        for way, commands in ways.items():
            hits = found = 0
            pictures = (p for command in commands for p in scaled_pictures(command, None))
            for picture, own in zip(pictures, boxes, strict=True):
                if isinstance(picture, LeukoscopeError):
                    raise picture
                known = picture.um_per_px
                cells = [] if known is None else locate(picture.rgb, known, include_cut=True)
                found += len(cells)
                hits += _hits(cells, own)
            wanted = sum(map(len, boxes))
            told[way] = {
                "fields": len(paths),
                "white_cells": wanted,
                "recall": round(hits / wanted, 4),
                "precision": round(hits / found, 4),
            }
            print(f"  {way}: {told[way]}", flush=True)
    return told


def _white_cell_boxes(archive: zipfile.ZipFile, image: str) -> list[tuple[int, int, int, int]]:
    name = image.replace("images/", "annotations/").rsplit(".", 1)[0] + ".xml"
    boxes = []
    for item in ElementTree.fromstring(archive.read(name)).iter("object"):
        if item.findtext("name") == "WBC":
            left, top, right, bottom = (int(item.findtext(f"bndbox/{k}") or 0) for k in _SIDES)
            boxes.append((left, top, right, bottom))
    return boxes


def _hits(cells: Sequence[Candidate], boxes: Sequence[tuple[int, int, int, int]]) -> int:
    left = list(boxes)
    for cell in cells:
        x, y = cell.centre_px
        inside = [b for b in left if b[0] <= x <= b[2] and b[1] <= y <= b[3]]
        if inside:
            left.remove(inside[0])
    return len(boxes) - len(left)


def elsewhere(classifier: Classifier, folder: Path) -> dict[str, object]:
    """Healthy blood of cameras and laboratories that had no part in training, nor in the bundle.

    Cells found by ``locate`` at the scale measured; whatever is flagged is a false blast.
    """
    crop = crop_spec(classifier.bundle.input)
    told: dict[str, object] = {}
    for name in ("bccd_fields", "raabin_phone"):
        calls = []
        with (
            zipfile.ZipFile(folder / f"{name}.zip") as archive,
            tempfile.TemporaryDirectory(prefix="leukoscope-bench-") as scratch,
        ):
            files = sorted(n for n in archive.namelist() if n.startswith("images/"))
            paths = [Path(archive.extract(file, scratch)) for file in files]
            for picture in scaled_pictures(paths, None):
                if isinstance(picture, LeukoscopeError):
                    raise picture
                if picture.um_per_px is None:
                    continue
                um_per_px = picture.um_per_px
                found = locate(picture.rgb, um_per_px)
                crops = [crop_cell(picture.rgb, c.centre_px, um_per_px, crop) for c in found]
                if crops:
                    calls += classifier.classify(np.stack(crops))
        white = [call for call in calls if call.white_cell]
        answered = [call for call in white if not call.abstained]
        told[name] = {
            "white_cells": len(white),
            "answered": len(answered),
            "flagged": sum(call.blast is True for call in answered),
        }
        print(f"  {name}: {told[name]}", flush=True)
    return told


def phantom_cells(classifier: Classifier, count: int, seed: int) -> dict[str, object]:
    """How rendered cells are judged, each alone in its picture."""
    from edge.camera.smear.single import examples

    crop = crop_spec(classifier.bundle.input)
    shares: dict[str, object] = {}
    for kind in ("blast", "neutrophil", "lymphocyte", "monocyte", "eosinophil", "basophil"):
        pictures = examples(kind, count, seed)
        crops = np.stack(
            [crop_cell(p, (p.shape[1] / 2, p.shape[0] / 2), 0.2, crop) for p in pictures]
        )
        calls = classifier.classify(crops)
        flagged = sum(call.blast is True for call in calls)
        silent = sum(call.abstained for call in calls)
        shares[kind] = {"cells": count, "flagged": flagged, "abstained": silent}
        print(f"  {kind:<11} {flagged}/{count} flagged, {silent} abstained", flush=True)
    return shares


def _short(outcome: Outcome) -> dict[str, object]:
    keys = ("verdict", "cells", "blasts", "abstained", "blast_share", "frames", "um_per_px")
    whole = outcome.as_json()
    return {key: whole[key] for key in keys}


def _line(outcome: Outcome) -> str:
    scale = "?" if outcome.um_per_px is None else f"{outcome.um_per_px:.3f}"
    return (
        f"{outcome.verdict:<15} {outcome.blasts:3d} of {outcome.cells:3d} cells, "
        f"{outcome.abstained} abstained, {outcome.frames} frames, {scale} um/px"
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Print the figures asked for; exit status 0."""
    parser = argparse.ArgumentParser(prog="python -m bench.figures", description=__doc__)
    parser.add_argument(
        "what", nargs="*", default=["locate", "phantoms", "elsewhere", "patients", "draws", "wide"]
    )
    parser.add_argument("--model", type=Path, default=None)
    parser.add_argument("--draws", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=ROOT / "bench" / "figures.json")
    arguments = parser.parse_args(argv)
    classifier = open_classifier(arguments.model, 2)
    parts: dict[str, Callable[[], dict[str, object]]] = {
        "wide": lambda: wide_fields(classifier, data_folder()),
        "draws": lambda: healthy_draws(classifier, data_folder(), arguments.draws, arguments.seed),
        "locate": lambda: located_fields(data_folder()),
        "patients": lambda: held_out_patients(classifier, data_folder()),
        "elsewhere": lambda: elsewhere(classifier, data_folder()),
        "phantoms": lambda: phantom_cells(classifier, 200, arguments.seed),
    }
    known = json.loads(arguments.out.read_text()) if arguments.out.is_file() else {}
    for what in arguments.what:
        print(f"{what}:", flush=True)
        found = parts[what]()
        known[what] = {"bundle_sha256": classifier.bundle.sha256, **found}
        told = {key: value for key, value in found.items() if key != "rows"}
        print(f"  {json.dumps(told)}", flush=True)
        text = io.StringIO()
        json.dump(known, text, indent=1)
        arguments.out.write_text(text.getvalue() + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
