"""The part of the model card that quotes the trainer's cross-validation."""

from __future__ import annotations

from typing import Any


def cross_validation(report: dict[str, Any], views: int = 1) -> str:
    """What networks of this recipe did on patients, laboratories and cameras they never saw.

    Args:
        report: The trainer's.
        views: Of each cell, that the network of the card averages.
    """
    cross = report["cross_validation"]
    ranked = cross["leukemia_patients"]
    alone = ranked["patient_auc"]
    answered = cross["abstention"]["bundle"]
    parts = [
        "## Cross-validation of the recipe",
        "",
        f"{report['folds']} float networks of this recipe, each judging the patients it never saw: "
        f"{report['patients']} leukemia patients and the pictures of the other sources, "
        f"{report['cells']:,} white cells. Written by `python -m train evaluate`."
        f"{_views(report, views)}",
        "",
        "| what | figure |",
        "|---|---|",
        f"| AUC, leukemia patients, against all other white cells | {ranked['auc']} "
        f"({_interval(ranked['auc_interval'])}) |",
        f"| AUC, against mature normal cells alone | {ranked['auc_mature']} "
        f"({_interval(ranked['auc_mature_interval'])}) |",
        f"| AUC within a patient: median, lowest of {alone['patients']}, how many under 0.90 | "
        f"{alone['median']}, {alone['lowest']}, {alone['under_0.90']} |",
        *(
            f"| sensitivity at {float(level):.0%} specificity | {found} |"
            for level, found in ranked["sensitivity_at_specificity"].items()
        ),
        f"| answered, leukemia patients | {answered['coverage']} |",
        f"| wrong among the answered; among all without abstention | {answered['error']}; "
        f"{answered['error_without_abstention']} |",
        "",
        "One threshold, fixed on other patients of Johns Hopkins (95% specificity there):",
        "",
        "| source | blasts found | false blasts | ECE |",
        "|---|---|---|---|",
    ]
    for name, part in cross["one_threshold"].items():
        parts.append(_row(name, part, cross["calibration"][name]["ece"]))
    for name, part in report["left_out"].items():
        parts.append(
            _row(f"{name}, source never trained on", part["at_one_threshold"], part["ece"])
        )
    for name, part in report["healthy_fields"].items():
        rates = {"sensitivity": None, "false_blasts": part["at_one_threshold"]}
        parts.append(_row(f"{name} fields, camera never trained on", rates, None))
    for name, part in report["left_out"].items():
        if part.get("auc") is not None:
            parts += ["", f"AUC on {name}, never trained on: {part['auc']} "
                      f"({_interval(part['auc_interval'])}, by picture)."]  # fmt: skip
    return "\n".join([*parts, "", *_robustness(report), ""])


def _views(report: dict[str, Any], views: int) -> str:
    """What to know where the networks judged by fewer views than the one of the card does."""
    asked = int(report.get("views", 1))
    if asked == views:
        return ""
    return (
        f" They judged each cell by {asked} view{'s' if asked > 1 else ''} of it, the network of "
        f"this card by the mean of {views} (`python -m bench.views` measures the difference): "
        "these figures, and the operating point with them, are of the former."
    )


def _robustness(report: dict[str, Any]) -> list[str]:
    rows = [row for row in report["robustness"] if row["strength"]]
    if not rows:
        return []
    kinds = dict.fromkeys(row["degradation"] for row in rows)
    lines = ["Loss of AUC under simulated degradation:", ""]
    lines += ["| | light | moderate | strong |", "|---|---|---|---|"]
    for kind in kinds:
        losses = " | ".join(str(row["loss"]) for row in rows if row["degradation"] == kind)
        lines.append(f"| {kind.replace('_', ' ')} | {losses} |")
    return lines


def _row(name: str, rates: dict[str, Any], ece: float | None) -> str:
    shown = [
        "-" if v is None else str(v) for v in (rates["sensitivity"], rates["false_blasts"], ece)
    ]
    return f"| {name} | {' | '.join(shown)} |"


def _interval(bounds: list[float]) -> str:
    return f"{bounds[0]} to {bounds[1]}"
