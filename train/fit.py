"""Fitting: balanced draws, one-cycle schedule, averaged weights, resumption, a log."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from train.augment import plain
from train.cells import LabelledCell
from train.compiled import compiled
from train.evaluation.curves import LOG
from train.evaluation.scores import blast_probability, roc_auc
from train.labels import BLAST_LABELS, LABELS, NON_CELL_LABELS
from train.normalization import Statistics
from train.recipe import Recipe
from train.stains import StainBank, draw_maps
from train.trainee import Trainee, mean_loss

_STATISTICS_CELLS = 1440
_ASKED_AT_ONCE: Final = 128
_STATE: Final = "state.npz"
_AVERAGE: Final = "average.keras"
_BLAST = np.array([label in BLAST_LABELS for label in LABELS])
_CELL = np.array([label not in NON_CELL_LABELS for label in LABELS])


def draw_weights(cells: Sequence[LabelledCell], recipe: Recipe) -> NDArray[np.float64]:
    """Probability of each cell to be drawn: the recipe's share of its source and label, spread
    evenly over that label's patients (square root of the count, so that a patient with two cells
    is not seen a hundred times) and their cells."""
    if not any(source.draw for source in recipe.sources):
        return np.full(len(cells), 1 / len(cells))
    draws = {source.name: source.draw for source in recipe.sources}
    groups: dict[tuple[str, str], dict[str, list[int]]] = {}
    for index, cell in enumerate(cells):
        groups.setdefault((cell.source, cell.label), {}).setdefault(cell.patient, []).append(index)
    weights = np.zeros(len(cells))
    for (source, label), patients in groups.items():
        roots = {patient: len(members) ** 0.5 for patient, members in patients.items()}
        for patient, members in patients.items():
            share = draws[source].get(label, 0.0) * roots[patient] / sum(roots.values())
            weights[members] = share / len(members)
    normed: NDArray[np.float64] = weights / weights.sum()
    return normed


def predict_logits(
    ask: Callable[[Any], Any], crops: NDArray[np.uint8], size_px: int
) -> NDArray[np.float32]:
    """Float logits of the middle of each crop, shape (cells, labels).

    ``ask`` is a network as ``compiled`` makes it, and is asked in batches of one size.
    """
    parts = []
    for start in range(0, len(crops), _ASKED_AT_ONCE):
        some = crops[start : start + _ASKED_AT_ONCE]
        filled = np.pad(some, ((0, _ASKED_AT_ONCE - len(some)), (0, 0), (0, 0), (0, 0)))
        parts.append(ops.convert_to_numpy(ask(plain(filled, size_px)))[: len(some)])
    logits: NDArray[np.float32] = np.concatenate(parts)
    return logits


class Draws(keras.utils.PyDataset):  # type: ignore[misc]  # Keras has no types
    """The batches of one epoch: cells drawn by weight, each with a map to another stain.

    A batch depends on seed, epoch and its number alone, so that a fit that was interrupted draws
    what it would have drawn.
    """

    def __init__(
        self,
        crops: NDArray[np.uint8],
        targets: NDArray[np.int32],
        weights: NDArray[np.float64],
        bank: StainBank,
        recipe: Recipe,
        key: tuple[int, ...],
        count: int,
    ) -> None:
        super().__init__(workers=1, use_multiprocessing=False, max_queue_size=4)
        self._crops, self._targets, self._bank, self._recipe = crops, targets, bank, recipe
        self._key = key
        self._order = np.random.default_rng(key).choice(len(crops), size=count, p=weights)

    def __len__(self) -> int:
        return len(self._order) // self._recipe.fit.batch

    def __getitem__(self, index: int) -> tuple[tuple[Any, ...], NDArray[np.float32]]:
        batch = self._recipe.fit.batch
        chosen = self._order[index * batch : (index + 1) * batch]
        rng = np.random.default_rng((*self._key, index))
        maps = draw_maps(self._bank.own[chosen], self._bank, self._recipe.stain, rng)
        cells = (self._crops[chosen], maps, self._targets[chosen])
        return cells, np.zeros(len(chosen), dtype=np.float32)


def fit(
    network: Any,
    crops: NDArray[np.uint8],
    cells: Sequence[LabelledCell],
    tune_crops: NDArray[np.uint8],
    tune_cells: Sequence[LabelledCell],
    bank: StainBank,
    recipe: Recipe,
    out: Path,
    teacher: Any | None = None,
) -> Any:
    """Train ``network`` in place and return its averaged copy (what is shipped).

    After every epoch the state is saved in ``out`` and a line of JSON is added to
    ``training.log``; a run that was interrupted goes on from the last whole epoch. ``bank`` holds
    the stains of ``cells``; for ``teacher`` see ``Trainee``.
    """
    out.mkdir(parents=True, exist_ok=True)
    steps = recipe.fit.cells_per_epoch // recipe.fit.batch
    trainee = Trainee(network, recipe, teacher)
    optimizer = keras.optimizers.AdamW(
        _schedule(recipe, steps), weight_decay=recipe.fit.weight_decay
    )
    on_gpu = keras.backend.backend() == "jax"
    trainee.compile(optimizer=optimizer, loss=mean_loss, jit_compile=on_gpu)
    optimizer.build(trainee.trainable_variables)
    average = keras.models.clone_model(network)
    statistics = Statistics(Trainee(average, recipe), average)
    ask = compiled(average, training=False)
    weights = draw_weights(cells, recipe)
    targets = np.array([LABELS.index(cell.label) for cell in cells], dtype=np.int32)

    def draws(count: int, *key: int) -> Draws:
        return Draws(crops, targets, weights, bank, recipe, (recipe.fit.seed, *key), count)

    for epoch in range(_restore(trainee, out / _STATE), recipe.fit.epochs):
        started = time.monotonic()
        trainee.chance.state.assign(np.array((recipe.fit.seed, epoch), dtype=np.uint32))
        told = trainee.fit(
            draws(steps * recipe.fit.batch, epoch),
            shuffle=False,
            verbose=0,
            callbacks=[_Progress(epoch, recipe.fit.epochs, steps)],
        )
        trainee.average_into(average)
        real = draws(_STATISTICS_CELLS, epoch, 1)
        statistics.set_from(real[index][0] for index in range(len(real)))
        line = {
            "epoch": epoch + 1,
            "loss": round(float(told.history["loss"][-1]), 4),
            "seconds": round(time.monotonic() - started, 1),
            **_tune_figures(ask, tune_crops, tune_cells, recipe.network.size_px),
        }
        with (out / LOG).open("a", encoding="utf-8") as log:
            log.write(json.dumps(line) + "\n")
        print("\r" + json.dumps(line), flush=True)
        average.save(out / _AVERAGE)
        _keep(trainee, epoch + 1, out / _STATE)
    return keras.models.load_model(out / _AVERAGE, compile=False)


def _schedule(recipe: Recipe, steps: int) -> Any:
    """One epoch of warming up, then a cosine down to a hundredth."""
    return keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=recipe.fit.learning_rate / 20,
        decay_steps=max(1, steps * recipe.fit.epochs - steps),
        warmup_target=recipe.fit.learning_rate,
        warmup_steps=steps,
        alpha=0.01,
    )


class _Progress(keras.callbacks.Callback):  # type: ignore[misc]  # Keras has no types
    """A line that tells how long it will still take."""

    def __init__(self, epoch: int, epochs: int, steps: int) -> None:
        super().__init__()
        self._head = f"epoch {epoch + 1}/{epochs}"
        self._left, self._steps = steps * (epochs - epoch), steps
        self._started = time.monotonic()

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        done = batch + 1
        if done % 20 == 0:
            pace = (time.monotonic() - self._started) / done
            left = pace * (self._left - done) / 60
            loss = (logs or {}).get("loss", float("nan"))
            print(
                f"\r{self._head} step {done}/{self._steps} loss {loss:.3f} {left:.0f} min left ",
                end="",
                flush=True,
            )


def _keep(trainee: Trainee, epochs: int, path: Path) -> None:
    """Write everything that a fit needs to go on, whole or not at all."""
    values = {f"v{i}": ops.convert_to_numpy(v) for i, v in enumerate(_state(trainee))}
    new = path.with_suffix(".new.npz")
    np.savez(new, epochs=epochs, **values)
    new.replace(path)


def _restore(trainee: Trainee, path: Path) -> int:
    """Go on from a state that was kept; returns its number of epochs, 0 where there is none."""
    if not path.is_file():
        return 0
    with np.load(path) as kept:
        for index, variable in enumerate(_state(trainee)):
            variable.assign(kept[f"v{index}"])
        return int(kept["epochs"])


def _state(trainee: Trainee) -> list[Any]:
    return [*trainee.variables, *trainee.optimizer.variables]


def _tune_figures(
    ask: Callable[[Any], Any], crops: NDArray[np.uint8], cells: Sequence[LabelledCell], size_px: int
) -> dict[str, float]:
    logits = predict_logits(ask, crops, size_px)
    p_blast = blast_probability(logits)
    labels = np.array([LABELS.index(cell.label) for cell in cells])
    evaluable = _CELL[labels]
    jhu = np.array([cell.patient != "" for cell in cells]) & evaluable
    truth = _BLAST[labels]
    return {
        "tune_auc": round(roc_auc(truth[evaluable], p_blast[evaluable]), 4),
        "tune_auc_patients": round(roc_auc(truth[jhu], p_blast[jhu]), 4),
        "tune_accuracy": round(float((logits.argmax(1) == labels).mean()), 4),
    }
