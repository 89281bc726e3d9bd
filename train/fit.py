"""Fitting: balanced draws, one-cycle schedule, averaged weights, resumption, a log."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from train.augment import augment, plain
from train.cells import LabelledCell
from train.evaluation.curves import LOG
from train.evaluation.scores import blast_probability, roc_auc
from train.labels import BLAST_LABELS, LABELS, NON_CELL_LABELS
from train.normalization import set_statistics
from train.recipe import Recipe
from train.stains import draw_maps, stain_bank

_STATISTICS_CELLS = 1440
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


def predict_logits(network: Any, crops: NDArray[np.uint8], size_px: int) -> NDArray[np.float32]:
    """Float logits of the middle of each crop, shape (cells, labels)."""
    step = 128
    parts = [
        np.asarray(network(plain(crops[i : i + step], size_px), training=False))
        for i in range(0, len(crops), step)
    ]
    logits: NDArray[np.float32] = np.concatenate(parts)
    return logits


def fit(
    network: Any,
    crops: NDArray[np.uint8],
    cells: Sequence[LabelledCell],
    tune_crops: NDArray[np.uint8],
    tune_cells: Sequence[LabelledCell],
    recipe: Recipe,
    out: Path,
    teacher: Any | None = None,
) -> Any:
    """Train ``network`` in place and return its averaged copy (what is shipped).

    A ``teacher``, a network of the same labels, shares its answers to each view (Hinton et al.
    2015): half of the loss is then the cross entropy with them.

    After every epoch the state is saved in ``out`` and a line of JSON is added to
    ``training.log``; a run that was interrupted goes on from the last whole epoch.
    """
    fit_recipe = recipe.fit
    out.mkdir(parents=True, exist_ok=True)
    steps = fit_recipe.cells_per_epoch // fit_recipe.batch
    schedule = keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=fit_recipe.learning_rate / 20,
        decay_steps=max(1, steps * fit_recipe.epochs - steps),
        warmup_target=fit_recipe.learning_rate,
        warmup_steps=steps,
        alpha=0.01,
    )
    optimizer = keras.optimizers.AdamW(schedule, weight_decay=fit_recipe.weight_decay)
    optimizer.build(network.trainable_variables)
    average = keras.models.clone_model(network)
    average.set_weights(network.get_weights())
    checkpoint = tf.train.Checkpoint(network=network, average=average, optimizer=optimizer)
    manager = tf.train.CheckpointManager(checkpoint, str(out / "checkpoint"), max_to_keep=1)
    first = 0
    if manager.latest_checkpoint:
        checkpoint.restore(manager.latest_checkpoint)
        first = int(manager.latest_checkpoint.rsplit("-", 1)[-1])
    step = _make_step(network, optimizer, recipe, teacher)
    blend = _make_blend(average, network)
    weights = draw_weights(cells, recipe)
    targets = np.array([LABELS.index(cell.label) for cell in cells], dtype=np.int32)
    bank = stain_bank(crops, cells, recipe.network.um_per_px)

    def views(order: NDArray[np.int64], rng: np.random.Generator) -> Iterator[tuple[Any, Any, Any]]:
        for start in range(0, len(order), fit_recipe.batch):
            chosen = order[start : start + fit_recipe.batch]
            maps = draw_maps(bank.own[chosen], bank, recipe.stain, rng)
            yield tf.constant(crops[chosen]), tf.constant(maps), tf.constant(targets[chosen])

    for epoch in range(first, fit_recipe.epochs):
        started = time.monotonic()
        losses = []
        rng = np.random.default_rng((fit_recipe.seed, epoch))
        tf.random.set_seed(fit_recipe.seed * 1000 + epoch)
        order = rng.choice(len(cells), size=steps * fit_recipe.batch, p=weights)
        for done, (pictures, maps, wanted) in enumerate(views(order, rng), 1):
            losses.append(float(step(pictures, maps, wanted)))
            decay = min(0.998, (1 + epoch * steps + done) / (10 + epoch * steps + done))
            blend(tf.constant(decay, tf.float32))
            if done % 20 == 0:
                pace = (time.monotonic() - started) / done
                left = pace * (steps * (fit_recipe.epochs - epoch) - done) / 60
                print(
                    f"\repoch {epoch + 1}/{fit_recipe.epochs} step {done}/{steps} "
                    f"loss {np.mean(losses[-20:]):.3f} {left:.0f} min left ",
                    end="",
                    flush=True,
                )
        sample = rng.choice(len(cells), size=_STATISTICS_CELLS, p=weights)
        set_statistics(
            average,
            (_view(pictures, maps, recipe) for pictures, maps, _ in views(sample, rng)),
        )
        line = {
            "epoch": epoch + 1,
            "loss": round(float(np.mean(losses)), 4),
            "seconds": round(time.monotonic() - started, 1),
            **_tune_figures(average, tune_crops, tune_cells, recipe.network.size_px),
        }
        with (out / LOG).open("a", encoding="utf-8") as log:
            log.write(json.dumps(line) + "\n")
        print("\r" + json.dumps(line), flush=True)
        manager.save(checkpoint_number=epoch + 1)
        average.save(out / f"epoch_{epoch + 1:02d}.keras")
    return average


def _make_step(network: Any, optimizer: Any, recipe: Recipe, teacher: Any | None) -> Any:
    smoothing = recipe.fit.label_smoothing
    blast = tf.constant(_BLAST, tf.float32)
    cell = tf.constant(_CELL, tf.float32)

    def step(pictures: Any, maps: Any, wanted: Any) -> Any:
        x = _view(pictures, maps, recipe)
        hot = tf.one_hot(wanted, len(LABELS))
        soft = hot * (1.0 - smoothing) + smoothing / len(LABELS)
        if teacher is not None:
            soft = (soft + tf.nn.softmax(teacher(x, training=False))) / 2.0
        with tf.GradientTape() as tape:
            logits = network(x, training=True)
            label_loss = tf.nn.softmax_cross_entropy_with_logits(soft, logits)
            # Blast against other white cells, as the device will ask it: log-odds of the sums.
            high = tf.reduce_logsumexp(logits + tf.math.log(blast + 1e-9), axis=1)
            low = tf.reduce_logsumexp(logits + tf.math.log(cell - blast + 1e-9), axis=1)
            is_blast = tf.reduce_sum(hot * blast, axis=1)
            is_cell = tf.reduce_sum(hot * cell, axis=1)
            aim = is_blast * (1.0 - smoothing) + smoothing / 2.0
            blast_loss = tf.nn.sigmoid_cross_entropy_with_logits(aim, high - low) * is_cell
            loss = tf.reduce_mean(label_loss + recipe.fit.blast_loss_weight * blast_loss)
        gradients = tape.gradient(loss, network.trainable_variables)
        optimizer.apply_gradients(zip(gradients, network.trainable_variables, strict=True))
        return loss

    return tf.function(step)


def _view(pictures: Any, maps: Any, recipe: Recipe) -> Any:
    network = recipe.network
    return augment(pictures, maps, network.size_px, network.um_per_px, recipe.augment)


def _make_blend(average: Any, network: Any) -> Any:
    """Exponential moving average of all weights, batch-norm statistics included."""
    pairs = [
        (slow, fast)
        for slow, fast in zip(average.variables, network.variables, strict=True)
        if slow.dtype == "float32"
    ]

    def blend(decay: Any) -> None:
        for slow, fast in pairs:
            slow.assign(decay * slow + (1.0 - decay) * fast)

    return tf.function(blend)


def _tune_figures(
    network: Any, crops: NDArray[np.uint8], cells: Sequence[LabelledCell], size_px: int
) -> dict[str, float]:
    logits = predict_logits(network, crops, size_px)
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
