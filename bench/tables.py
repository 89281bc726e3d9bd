"""``python -m bench.tables README.md``: write the measured figures into README.md.

The table comes from ``bench/figures.json`` and the shipped bundle; a test compares them, so that
no number in the document is older than the script that made it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from bench.marked_text import between, rewrite_files
from edge.inference.shelf import find_bundle

BEGIN = "<!-- begin figures: python -m bench.tables README.md -->"
END = "<!-- end figures -->"
FIGURES = Path(__file__).resolve().parent / "figures.json"
SLIDES = FIGURES.parent / "slides.json"
AGGREGATION = FIGURES.parent / "aggregation.json"
REPORT = FIGURES.parent.parent / "models" / "float" / "leukoscope-mnv2" / "report.json"


def figure_table() -> str:
    """The table as Markdown."""
    told = json.loads((find_bundle() / "bundle.json").read_text(encoding="utf-8"))
    measured = json.loads(FIGURES.read_text(encoding="utf-8"))
    report = json.loads(REPORT.read_text(encoding="utf-8"))
    rows = [
        *_recipe_rows(report),
        *_network_rows(told, measured["patients"]["patients"]),
        *_slide_rows(measured),
        *_verdict_rows(json.loads(SLIDES.read_text(encoding="utf-8"))),
        *_aggregation_rows(json.loads(AGGREGATION.read_text(encoding="utf-8"))),
        *_picture_rows(measured),
    ]
    lines = ["| what | figure | command |", "|---|---|---|"]
    lines += [f"| {what} | {figure} | `{command}` |" for what, figure, command in rows]
    return "\n".join(lines)


def rewrite(text: str) -> str:
    """The document with its table made anew.

    Raises:
        ValueError: The markers are not there.
    """
    return between(text, BEGIN, END, figure_table())


def _recipe_rows(report: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Cross-validation of the recipe: every patient judged by a network that never saw them."""
    cross = report["cross_validation"]
    ranked, munich = cross["leukemia_patients"], report["left_out"]["munich"]
    low, high = ranked["auc_interval"]
    answered = cross["abstention"]["bundle"]
    return [
        (
            f"AUC by patient-wise cross-validation, {report['patients']} leukemia patients, blasts "
            "against all other white cells (95% interval over patients)",
            f"{ranked['auc']:.3f} ({low:.3f} to {high:.3f})",
            "make report",
        ),
        (
            "AUC on a laboratory never trained on (Munich); blasts found there at a threshold "
            "that lets 95% of Johns Hopkins' other cells pass",
            f"{munich['auc']:.3f}; **{munich['at_one_threshold']['sensitivity']:.2f}**",
            "make report",
        ),
        (
            "share of leukemia patients' white cells answered; wrong among them (without "
            "abstention)",
            f"{answered['coverage']:.2f}; {answered['error']:.3f} "
            f"({answered['error_without_abstention']:.3f})",
            "make report",
        ),
    ]


def _network_rows(told: dict[str, Any], patients: int) -> list[tuple[str, str, str]]:
    int8, point = told["figures"]["int8"], told["operating_point"]
    jhu, barcelona = int8["by_source"]["jhu"], int8["by_source"]["barcelona"]
    sensitivity, false_blasts = point["sensitivity"], point["false_blast_rate"]
    command = "make bundle"
    return [
        (
            f"AUC of the shipped int8 network, {patients} leukemia patients it never saw",
            f"{jhu['auc']:.3f} ({jhu['cells']} cells, {jhu['blasts']} blasts)",
            command,
        ),
        ("AUC, all held-out cells of three laboratories", f"{int8['auc']:.3f}", command),
        (
            "healthy Barcelona cells flagged as blasts, held out",
            f"{barcelona['false_blast_rate']:.1%} of {barcelona['cells']}",
            command,
        ),
        (
            "sensitivity per cell, answered cells, mean over patients (lowest to highest)",
            f"{sensitivity['mean']:.3f} ({_range(sensitivity)})",
            command,
        ),
        (
            "false-blast rate per cell, patients without blasts (lowest to highest)",
            f"{false_blasts['mean']:.3f} ({_range(false_blasts)})",
            command,
        ),
    ]


def _range(rate: dict[str, Any]) -> str:
    shares = [one["flagged"] / one["cells"] for one in rate["by_patient"] if one["cells"]]
    return f"{min(shares):.2f} to {max(shares):.2f}, {rate['patients']} patients"


def _slide_rows(measured: dict[str, Any]) -> list[tuple[str, str, str]]:
    wide, draws, patients = measured["wide"], measured["draws"], measured["patients"]
    green = draws["verdicts"].get("NO_BLASTS_FOUND", 0)
    review = draws["verdicts"].get("REVIEW", 0)
    return [
        (
            "wide fields with many cells and blasts that end in REVIEW (`pan:`, scale measured)",
            f"{wide['of_those_review']} of {wide['fields_with_many_blasts']}",
            "python -m bench.figures wide",
        ),
        (
            "wide fields of leukemia patients that end green, of all",
            f"{wide['green']} of {wide['fields']}",
            "python -m bench.figures wide",
        ),
        (
            "held-out patients with at least 20% signed blasts that end in REVIEW (`replay:`)",
            f"{patients['of_those_review']} of {patients['with_20_percent']}",
            "python -m bench.figures patients",
        ),
        (
            "held-out patients with at least 2% signed blasts that end green",
            f"{patients['of_those_green']} of {patients['with_2_percent']}",
            "python -m bench.figures patients",
        ),
        (
            "draws of 400 healthy held-out cells that end green / in REVIEW (`replay:`)",
            f"{green} / {review} of {draws['draws']}",
            "python -m bench.figures draws",
        ),
    ]


def _verdict_rows(measured: dict[str, Any]) -> list[tuple[str, str, str]]:
    """The device's verdict on out-of-fold calls: every patient, by what was fitted without it."""
    told, command = measured["goals"], "python -m bench.slides"
    many, some = told["patients_with_20_percent"], told["patients_with_10_to_20_percent"]
    return [
        (
            f"the verdict by cross-validation, cells in {measured['orders']} random orders: REVIEW "
            "for patients with at least 20% signed blasts; with 10 to 20%; ever green with at "
            "least 2%",
            f"{told['of_those_review']:g} of {many}; {told['of_those_review_too']:g} of {some}; "
            f"{told['of_those_ever_green']} of {told['patients_with_2_percent']}",
            command,
        ),
        (
            "the same on healthy donors, 400 cells in a normal differential: green / REVIEW",
            f"{told['healthy_green']} / {told['healthy_review']} of {told['healthy_slides']}",
            command,
        ),
        (
            "the same on 400 cells of a camera known neither to the network nor to the rates of "
            "the verdict: green / REVIEW",
            "; ".join(
                f"{name} {_ends(measured, name)}"
                for name in sorted({row["name"] for row in measured["longer"]} & _CAMERAS)
            ),
            command,
        ),
    ]


_CAMERAS = {"bccd", "raabin"}


def _ends(measured: dict[str, Any], name: str) -> str:
    rows = [row for row in measured["longer"] if row["name"] == name]
    slides = sum(row["slides"] for row in rows)
    green, review = (
        sum(row["verdicts"].get(verdict, 0) for row in rows)
        for verdict in ("NO_BLASTS_FOUND", "REVIEW")
    )
    return f"{green} / {review} of {slides}"


def _aggregation_rows(measured: dict[str, Any]) -> list[tuple[str, str, str]]:
    words = {
        "count": "count of flagged cells",
        "sum": "sum of log-likelihood ratios",
        "model": "model of the scores",
    }
    figures = [
        f"{words[method]} {_worst_auc(told)}, {_all_found(told)}, {_most_wrong(told)}"
        for method, told in measured["methods"].items()
    ]
    return [
        (
            "a slide's evidence added up in three ways: lowest AUC of patients with 5% blasts "
            "against a healthy source; patients found at the bound 1/alpha; wrong there on the "
            "worst healthy source, slides of 400 cells",
            "; ".join(figures),
            "python -m bench.aggregation",
        )
    ]


def _worst_auc(told: dict[str, Any]) -> str:
    return f"{min(told['auc'].values()):.3f}"


def _most_wrong(told: dict[str, Any]) -> str:
    """Of slides of 400 cells; shorter ones are wrong less often."""
    return f"{max(share for kind, share in told['wrong'].items() if kind.endswith('cells')):.0%}"


def _all_found(told: dict[str, Any]) -> str:
    found = list(told["found"].values())
    return f"{sum(hits for hits, _ in found)} of {sum(all_ for _, all_ in found)}"


def _picture_rows(measured: dict[str, Any]) -> list[tuple[str, str, str]]:
    together, alone = measured["locate"]["together"], measured["locate"]["each_alone"]
    elsewhere = measured["elsewhere"]
    phantoms = {k: v for k, v in measured["phantoms"].items() if isinstance(v, dict)}
    normal = [v for kind, v in phantoms.items() if kind != "blast"]
    blasts = phantoms["blast"]
    flagged = sum(v["flagged"] for v in normal)
    cells = sum(v["cells"] for v in normal)
    return [
        (
            "white cells of 292 BCCD fields found, scale not told: recall / precision",
            f"{together['recall']:.3f} / {together['precision']:.3f}; "
            f"each field alone {alone['recall']:.3f} / {alone['precision']:.3f}",
            "python -m bench.figures locate",
        ),
        (
            "**false blasts, healthy blood of cameras never trained on**: BCCD; Raabin phone",
            f"{_share(elsewhere['bccd_fields'])}; {_share(elsewhere['raabin_phone'])}",
            "python -m bench.figures elsewhere",
        ),
        (
            "rendered blasts flagged; rendered normal cells flagged",
            f"{blasts['flagged']} of {blasts['cells']}; {flagged} of {cells}",
            "python -m bench.figures phantoms",
        ),
    ]


def _share(found: dict[str, int]) -> str:
    share = found["flagged"] / found["answered"]
    return f"{share:.1%} of {found['answered']} answered cells"


if __name__ == "__main__":
    raise SystemExit(rewrite_files(rewrite))
