"""The report's figures, drawn by matplotlib, as SVG text."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import matplotlib as mpl
import numpy as np

from train.evaluation.calls import Calls
from train.evaluation.curves import Epoch

mpl.use("svg")
import matplotlib.pyplot as plt

_SIZE_IN: Final = (5.2, 4.0)
_BLUE, _ORANGE, _GREY = "#0b5394", "#b45309", "#888888"


def roc(calls: Calls, told: dict[str, Any]) -> str:
    """ROC of each source that has blasts and others, specificity from 1 down to 0.6."""

    def draw(axes: Any) -> None:
        for source, colour in (("jhu", _BLUE), ("munich", _ORANGE)):
            own = calls.where(calls.is_white & (calls.sources == source))
            if not own.is_blast.any() or own.is_blast.all():
                continue
            order = np.argsort(-own.p_blast, kind="stable")
            hits = own.is_blast[order]
            found = np.cumsum(hits) / hits.sum()
            wrong = np.cumsum(~hits) / (~hits).sum()
            axes.step(wrong, found, where="post", color=colour, label=f"{source}, out of fold")
        low, high = told["cross_validation"]["leukemia_patients"]["auc_interval"]
        axes.set_title(f"ROC (patients: AUC 95% interval {low:.3f} to {high:.3f})")
        axes.set(xlim=(0, 0.4), ylim=(0.6, 1.0))
        axes.set_xlabel("share of other white cells flagged")
        axes.set_ylabel("share of blasts flagged")
        axes.legend(loc="lower right")

    return _svg(draw)


def patients(told: dict[str, Any]) -> str:
    """AUC of each patient, by share of blasts."""
    rows = [r for r in told["cross_validation"]["by_patient"] if r["auc"] is not None]

    def draw(axes: Any) -> None:
        shares = [r["blasts"] / r["cells"] for r in rows]
        axes.scatter(shares, [r["auc"] for r in rows], color=_BLUE, s=18)
        for row, blast_share in zip(rows, shares, strict=True):
            if row["auc"] < 0.9:
                axes.annotate(row["patient"], (blast_share, row["auc"]), fontsize=8)
        axes.axhline(0.9, color=_GREY, linewidth=0.8)
        axes.set_title(f"Each of {len(rows)} patients alone")
        axes.set_xlabel("share of signed blasts")
        axes.set_ylabel("AUC within the patient")

    return _svg(draw)


def reliability(told: dict[str, Any]) -> str:
    """What share of the cells with a given p_blast are signed as blasts."""
    calibration = told["cross_validation"]["calibration"]

    def draw(axes: Any) -> None:
        axes.plot([0, 1], [0, 1], color=_GREY, linewidth=0.8)
        for (name, part), colour in zip(calibration.items(), _colours(), strict=False):
            points = [(b["p_blast"], b["share"]) for b in part["bins"] if b["cells"] >= 10]
            if len(points) > 1:
                label = f"{name}: ECE {part['ece']:.3f}"
                axes.plot(*zip(*points, strict=True), marker="o", color=colour, label=label)
        axes.set_title("Calibration (bins of 10 cells or more)")
        axes.set_xlabel("p_blast")
        axes.set_ylabel("share signed as blasts")
        axes.legend()

    return _svg(draw)


def abstention(told: dict[str, Any]) -> str:
    """Error of the answered cells against the share answered."""
    part = told["cross_validation"]["abstention"]

    def draw(axes: Any) -> None:
        axes.plot(
            [p["coverage"] for p in part["curve"]],
            [p["error"] for p in part["curve"]],
            marker="o",
            color=_BLUE,
            label="the unsure left out first",
        )
        bundle = part["bundle"]
        axes.scatter([bundle["coverage"]], [bundle["error"]], color=_ORANGE, label="the bundle's")
        axes.set_title("Abstention, leukemia patients")
        axes.set_xlabel("share of white cells answered")
        axes.set_ylabel("share of answers that are wrong")
        axes.legend()

    return _svg(draw)


def robustness(told: dict[str, Any]) -> str:
    """Loss of AUC under each degradation, three strengths side by side."""
    rows = [row for row in told["robustness"] if row["strength"]]
    kinds = list(dict.fromkeys(row["degradation"] for row in rows))

    def draw(axes: Any) -> None:
        for place, strength in enumerate(("light", "moderate", "strong")):
            own = {r["degradation"]: r["loss"] for r in rows if r["strength"] == strength}
            axes.barh(
                np.arange(len(kinds)) + 0.27 * (place - 1),
                [own[kind] for kind in kinds],
                height=0.26,
                label=strength,
                color=("#9ec5e8", "#4a90c4", _BLUE)[place],
            )
        axes.set_yticks(np.arange(len(kinds)), [kind.replace("_", " ") for kind in kinds])
        axes.axvline(0.01, color=_ORANGE, linewidth=0.8)
        axes.set_title("Loss of AUC under simulated degradation")
        axes.legend()

    return _svg(draw)


def curves(runs: Mapping[str, Sequence[Epoch]]) -> str:
    """Tuning AUC of named patients after each epoch, a line a run; coarse epochs dashed."""

    def draw(axes: Any) -> None:
        for number, (name, epochs) in enumerate(runs.items()):
            colour = f"C{number}"
            fine = [e for e in epochs if not e.coarse]
            rough = [e for e in epochs if e.coarse] + fine[:1]
            for part, dashes in ((rough, "--"), (fine, "-")):
                axes.plot(
                    [e.number for e in part],
                    [e.tune_auc_patients for e in part],
                    dashes,
                    color=colour,
                    label=name if dashes == "-" else None,
                )
        axes.set_title("Tuning patients while training (coarse views dashed)")
        axes.set_xlabel("epoch")
        axes.set_ylabel("AUC")
        axes.legend(fontsize=7)

    return _svg(draw)


def _svg(draw: Callable[[Any], None]) -> str:
    """One drawing as an ``<svg>`` element; the same values give the same text."""
    with mpl.rc_context({"svg.hashsalt": "leukoscope", "font.size": 9}):
        figure, axes = plt.subplots(figsize=_SIZE_IN, layout="constrained")
        draw(axes)
        memory = io.StringIO()
        figure.savefig(memory, format="svg", metadata={"Date": None})
        plt.close(figure)
    text = memory.getvalue()
    return text[text.index("<svg") :]


def _colours() -> list[str]:
    return ["black", _BLUE, _ORANGE, "#2e7d32", "#6a1b9a"]
