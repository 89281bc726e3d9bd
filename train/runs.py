"""One training run: who is held out, the fit, and what the network says of those held out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import keras
import numpy as np
from numpy.typing import NDArray

from edge.inference.views import mean_answer
from train.augment import plain
from train.cells import LabelledCell, split_cells
from train.compiled import compiled
from train.evaluation.answers import Answers, write_answers
from train.evaluation.curves import COARSE
from train.evaluation.degradations import DEGRADATIONS, STRENGTHS, degrade
from train.fields import FIELD_ZIPS, boxed_crops
from train.fit import fit, predict_logits
from train.labels import LABELS, NON_CELL_LABELS
from train.network import build_network, is_folded
from train.normalization import open_statistics
from train.pixels import load_crops, shrink
from train.plan import Run, coarse_recipe, read_cells, wide_spec, write_lists
from train.recipe import NetworkRecipe, Recipe
from train.stains import StainBank, stain_anchors, stain_bank

Progress = Callable[[int, int], None]

_DEGRADED_CELLS: Final = 1500


@dataclass(frozen=True)
class Data:
    """All cells of a recipe in memory.

    Attributes:
        cells: Of all sources.
        crops: uint8, shape (cells, larger, larger, 3).
        anchors: Of each crop's stain, float64, shape (cells, 2, 3): see ``train.stains``.
        fields: Crops of the boxed white cells of each source of fields, likewise.
    """

    cells: list[LabelledCell]
    crops: NDArray[np.uint8]
    anchors: NDArray[np.float64]
    fields: dict[str, NDArray[np.uint8]]

    @classmethod
    def read(
        cls, recipe: Recipe, folder: Path, progress: Progress, white_reference: bool = True
    ) -> Data:
        """Read every picture once.

        Args:
            recipe: Sources and geometry.
            folder: Of the lent data.
            progress: Told after each picture.
            white_reference: False leaves colours as they are, to see what preparing them is worth.

        Raises:
            DataMissing: One cannot be read.
        """
        spec = wide_spec(recipe)
        cells = read_cells(recipe, folder)
        fields = {
            name: boxed_crops(folder / file, spec, white_reference)
            for name, file in FIELD_ZIPS.items()
            if (folder / file).is_file()
        }
        crops = load_crops(folder, cells, spec, progress, white_reference)
        anchors = np.stack([stain_anchors(crop, spec.um_per_px) for crop in crops])
        return cls(cells, crops, anchors, fields)

    def of(self, chosen: Sequence[LabelledCell]) -> NDArray[np.uint8]:
        """Crops of some of the cells."""
        return self.crops[self._places(chosen)]

    def stains_of(self, chosen: Sequence[LabelledCell]) -> StainBank:
        """Stains of some of the cells."""
        return stain_bank(self.anchors[self._places(chosen)], chosen)

    def _places(self, chosen: Sequence[LabelledCell]) -> list[int]:
        place = {(cell.zip, cell.file): index for index, cell in enumerate(self.cells)}
        return [place[cell.zip, cell.file] for cell in chosen]


def train_run(
    recipe: Recipe,
    recipe_name: str,
    run: Run,
    data: Data,
    weights: Path,
    out: Path,
    teacher: Path | None = None,
) -> Any:
    """Fit the network of a run, or go on with it, and ask it about the cells held out.

    Writes ``float.keras``, ``float.json``, ``training.log``, ``answers.npz`` and the lists of
    cells to ``out``.

    Returns:
        The network.
    """
    parts = split_cells(data.cells, recipe, run.fold, run.leave_out)
    out.mkdir(parents=True, exist_ok=True)
    size_px = recipe.network.size_px
    keras.utils.set_random_seed(recipe.fit.seed)
    network = build_network(recipe.network, len(LABELS), weights, recipe.fit.seed)
    train_crops, tune_crops = data.of(parts["train"]), data.of(parts["tune"])
    bank = data.stains_of(parts["train"])
    if is_folded(recipe.network):
        open_statistics(network, plain(train_crops[:: max(1, len(train_crops) // 512)], size_px))
    if recipe.fit.coarse_epochs:
        rough = coarse_recipe(recipe)
        start = build_network(rough.network, len(LABELS), None, recipe.fit.seed)
        start.set_weights(network.get_weights())
        side_px = wide_spec(rough).size_px
        small_train, small_tune = shrink(train_crops, side_px), shrink(tune_crops, side_px)
        print("coarse views", flush=True)
        start = fit(
            start,
            small_train,
            parts["train"],
            small_tune,
            parts["tune"],
            bank,
            rough,
            out / COARSE,
        )
        network.set_weights(start.get_weights())
    best = fit(
        network,
        train_crops,
        parts["train"],
        tune_crops,
        parts["tune"],
        bank,
        recipe,
        out,
        None if teacher is None else keras.models.load_model(teacher, compile=False),
    )
    best.save(out / "float.keras")
    for line in write_lists(recipe, recipe_name, parts, out):
        print(line, flush=True)

    answer = compiled(best, training=False)

    def ask(crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        return _mean_answer(answer, crops, recipe.network)

    holdout_crops = data.of(parts["holdout"])
    chosen = _evenly(parts["holdout"], _DEGRADED_CELLS if run.degrade else 0)
    answers = Answers(
        tune=ask(tune_crops),
        holdout=ask(holdout_crops),
        fields={name: ask(crops) for name, crops in data.fields.items()},
        views=recipe.network.views,
        degraded_cells=chosen,
        degraded={
            f"{name}/{strength}": ask(
                degrade(holdout_crops[chosen], name, strength, recipe.network.um_per_px)
            )
            for name in DEGRADATIONS
            for strength in STRENGTHS
            if run.degrade
        },
    )
    write_answers(out, answers, parts["tune"], parts["holdout"])
    return best


def _mean_answer(
    answer: Callable[[Any], Any], crops: NDArray[np.uint8], network: NetworkRecipe
) -> NDArray[np.float32]:
    """Logits of the middle of each crop, averaged over the network's views as the device does."""

    def logits(seen: NDArray[np.uint8]) -> NDArray[np.float64]:
        return predict_logits(answer, seen, network.size_px).astype(np.float64)

    return mean_answer(logits, crops, network.views).astype(np.float32)


def _evenly(cells: Sequence[LabelledCell], count: int) -> NDArray[np.int64]:
    """Indices of that many white cells of known patients, spread evenly over the list."""
    known = [i for i, c in enumerate(cells) if c.patient and c.label not in NON_CELL_LABELS]
    if not count or not known:
        return np.zeros(0, dtype=np.int64)
    places = np.unique(np.linspace(0, len(known) - 1, min(count, len(known))).astype(int))
    chosen: NDArray[np.int64] = np.array(known, dtype=np.int64)[places]
    return chosen
