"""``report.html``: the report as a person reads it. One file, nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from train.evaluation import plots
from train.evaluation.calls import Calls
from train.evaluation.curves import Epoch

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem }
table { border-collapse: collapse; margin: 1rem 0 }
th, td { border-bottom: 1px solid #ccc; padding: .2rem .7rem; text-align: right }
th:first-child, td:first-child { text-align: left }
.figures { display: flex; flex-wrap: wrap; gap: 1rem }
.figures svg { max-width: 100%; height: auto }
"""


def write_page(
    path: Path, told: dict[str, Any], calls: Calls, trained: Mapping[str, Sequence[Epoch]]
) -> None:
    """Write the page of a report; ``trained``: the epochs of every run."""
    cross = told["cross_validation"]
    ranked = cross["leukemia_patients"]
    drawn = [
        plots.roc(calls, told),
        plots.patients(told),
        plots.reliability(told),
        plots.abstention(told),
    ]
    if told["robustness"]:
        drawn.append(plots.robustness(told))
    drawn.append(plots.curves(trained))
    parts = [
        f"<h1>{escape(told['recipe'])} {escape(told['version'])}: on patients never seen</h1>",
        f"<p>{told['cells']:,} white cells, {told['patients']} leukemia patients, each judged by "
        f"the one of {told['folds']} networks that never saw the patient"
        f"{_views(told['views'])}. Sources that name no "
        "patients are split by picture: their figures may be too good. Research use, not a "
        "diagnosis.</p>",
        _table(
            ["", "AUC", "95% interval over patients", "against mature normal cells alone"],
            [
                [name, part["auc"], part["auc_interval"], part["auc_mature"]]
                for name, part in (
                    ("leukemia patients", ranked),
                    ("all sources together", cross["all_sources"]),
                )
            ],
        ),
        f"<p>Patients with an AUC of their own: {ranked['patient_auc']['patients']}; median "
        f"{ranked['patient_auc']['median']}, lowest {ranked['patient_auc']['lowest']}, under 0.90: "
        f"{ranked['patient_auc']['under_0.90']}.</p>",
        '<div class="figures">' + "".join(drawn) + "</div>",
        "<h2>Sensitivity at a specificity</h2>",
        _table(
            ["specificity", "blasts found"],
            [[level, found] for level, found in ranked["sensitivity_at_specificity"].items()],
        ),
        "<h2>One threshold, fixed on other patients (95% specificity there)</h2>",
        _table(
            ["source", "blasts found", "false blasts"],
            [
                [name, part["sensitivity"], part["false_blasts"]]
                for name, part in cross["one_threshold"].items()
            ]
            + [
                [
                    f"{name}, never trained on",
                    part["at_one_threshold"]["sensitivity"],
                    part["at_one_threshold"]["false_blasts"],
                ]
                for name, part in told["left_out"].items()
            ]
            + [
                [f"{name} fields, never trained on", None, part["at_one_threshold"]]
                for name, part in told["healthy_fields"].items()
            ],
        ),
        "<h2>A source left out whole</h2>",
        _table(
            ["source", "cells", "blasts", "AUC", "interval", "ECE", "abstained"],
            [
                [
                    name,
                    part["cells"],
                    part["blasts"],
                    part["auc"],
                    part.get("auc_interval"),
                    part["ece"],
                    part["abstained"],
                ]
                for name, part in told["left_out"].items()
            ],
        ),
        *(
            f"<h3>{escape(name)}, never trained on: what is flagged at the one threshold</h3>"
            + _table(
                ["signed as", "cells", "false blasts", "mostly as"],
                [
                    [row["label"], row["cells"], row["false_blasts"], row["flagged_as"]]
                    for row in part["false_blasts_by_label"]
                ],
            )
            for name, part in told["left_out"].items()
        ),
        "<h2>Between patients</h2>",
        _table(
            ["rate", "mean", "a", "b", "groups"],
            [
                [name.replace("_", " "), part["mean"], part["a"], part["b"], part["groups"]]
                for name, part in cross["spread"].items()
                if "a" in part
            ],
        ),
        "<h2>Under simulated degradation (fold 0)</h2>",
        _table(
            ["degradation", "strength", "AUC", "loss", "found", "false blasts", "abstained"],
            [
                [
                    row["degradation"],
                    row["strength"],
                    row["auc"],
                    row["loss"],
                    row["sensitivity"],
                    row["false_blasts"],
                    row["abstained"],
                ]
                for row in told["robustness"]
            ],
        ),
        "<h2>By label as signed</h2>",
        _table(
            ["label", "source", "cells", "flagged", "abstained", "mostly taken for"],
            [
                [
                    row["label"],
                    row["source"],
                    row["cells"],
                    row["flagged"],
                    row["abstained"],
                    row["taken_for"],
                ]
                for row in cross["by_label"]
            ],
        ),
        "<h2>By patient</h2>",
        _table(
            ["patient", "fold", "cells", "blasts", "AUC", "blasts found", "false blasts"],
            [
                [
                    row["patient"],
                    row["fold"],
                    row["cells"],
                    row["blasts"],
                    row["auc"],
                    row["found"],
                    row["false_blasts"],
                ]
                for row in cross["by_patient"]
            ],
        ),
    ]
    title = f"Leukoscope: {told['recipe']}"
    path.write_text(
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>"
        + "\n".join(parts)
        + "</body></html>\n",
        encoding="utf-8",
    )


def _views(views: int) -> str:
    return "" if views == 1 else f", by the mean of its answers to {views} mirrored views"


def _table(heads: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    head = "".join(f"<th>{escape(text)}</th>" for text in heads)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(_shown(value))}</td>" for value in row) + "</tr>"
        for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _shown(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, list):
        return " to ".join(_shown(part) for part in value)
    return f"{value:.4g}" if isinstance(value, float) else str(value)
