"""Small made-up sources of rendered cells, under the real ones' names."""

from __future__ import annotations

import csv
import io
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from edge.camera.smear.single import examples
from tests.shared_data import REPOSITORY
from train.recipe import Recipe

SHIPPED = REPOSITORY / "train" / "recipes" / "leukoscope-mnv2.toml"
PATIENTS = 20


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three small made-up sources of rendered cells under the real ones' names."""
    folder = tmp_path_factory.mktemp("data")
    picture = io.BytesIO()
    Image.fromarray(examples("blast", 1, 1)[0]).save(picture, "WEBP")
    sources = {
        "jhu_acute_leukemia": [
            (f"P{p:02d}", label)
            for p in range(PATIENTS)
            for label in ["myeloblast"] * (0 if p % 4 == 0 else 15)
            + ["neutrophil_segmented"] * 15
            + ["lymphocyte_variant"] * 10
            + ["smudge"] * 2
        ],
        "barcelona_normal": [("", "neutrophil")] * 200 + [("", "monocyte")] * 60,
        "munich_aml": [("", "myeloblast")] * 60 + [("", "neutrophil_segmented")] * 60,
    }
    for name, cells in sources.items():
        rows = io.StringIO()
        writer = csv.writer(rows)
        writer.writerow(["file", "label", "patient", "diagnosis", "um_per_px", "size_px"])
        with zipfile.ZipFile(folder / f"{name}.zip", "w") as archive:
            for number, (patient, label) in enumerate(cells):
                file = f"{label}/{number:04d}.webp"
                writer.writerow([file, label, patient, "", 0.2, 180])
                archive.writestr(file, picture.getvalue())
            archive.writestr("index.csv", rows.getvalue())
    return folder


@pytest.fixture(scope="session")
def recipe() -> Recipe:
    shipped = Recipe.load(SHIPPED)
    split = replace(shipped.split, folds=2, holdout_patients=("P01",), tune_share=0.2)
    return replace(shipped, split=split)
