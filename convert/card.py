"""MODEL_CARD.md from the figures, in the form of Mitchell et al. 2019 (Model Cards)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from convert.card_report import cross_validation
from convert.gate import Check

_USE = """\
## Intended use

A screening aid for research: it says which white cells of a stained blood smear look like
leukemic blasts, so that a person looks at that slide sooner. It is not a diagnosis, not a medical
device, and not a reason to leave a slide unread. Meant for crops that `edge.imaging.crop` prepares
from bright-field pictures of Romanowsky stains (Wright, May-Grunwald-Giemsa, Giemsa).

Not for: bone marrow, tissue, fluorescence, unstained cells, counting of other cell types,
telling one leukemia from another, following a treatment.
"""

_FACTORS = """\
## Factors

- Laboratory, stain, scanner and camera: the figures by source below show how much they change.
- Patient: cells of one patient share stain, day and disease; all rates are given between patients.
- Age and sex: not told by the sources, so no figure can be given by them.
- Disease: {diseases}
"""

_METRICS = """\
## Metrics

- AUC: chance that a signed blast scores higher than another white cell; 0.5 is blind. Intervals
  are over patients, not over cells.
- Sensitivity: share of signed blasts flagged. False blasts: share of other white cells flagged.
- ECE: mean distance of p_blast from the truth, over 15 bins.
- Abstained: white cells that got no answer, because the other label could not be ruled out at the
  conformal error of {conformal_error:.1%}, or because they are unlike what was trained on.
"""

_ETHICS = """\
## Ethical considerations

The pictures are of patients who did not choose this use; they were published without names by
their hospitals, and none is in this repository. A missed leukemia costs more than a slide read in
vain: where the evidence is thin the device says that it cannot judge. Skin colour, age and sex were
not told, so nobody can say for whom it works less well. A person must see every slide.
"""

_CAVEATS = """\
## Caveats and recommendations

{caveats}
- All rates are of single cells found by others; on the device, cells are found by
  `edge.imaging.locate`, and what is missed there is not in these figures.
- The spread between patients rests on few patients; more of them would move it.
- Try it on your own stain and camera, on slides whose answer you know, before you trust it.
"""


def model_card(
    told: dict[str, Any],
    checks: Sequence[Check],
    notes: dict[str, Any],
    report: dict[str, Any] | None = None,
) -> str:
    """The card.

    Args:
        told: What ``bundle.json`` holds.
        checks: The gate as passed.
        notes: The trainer's description: ``recipe``, ``seed``, ``diseases``, ``caveats`` are used
            where they are there; so are ``failures``, what the worst mistakes look like.
        report: The trainer's cross-validation, or None.
    """
    caveats = [*_known_caveats(told), *notes.get("caveats", [])]
    diseases = notes.get("diseases") or "what the sources below name; nothing else was seen."
    parts = [
        f"# {told['name']} {told['version']}\n\nWritten by `python -m convert`; do not edit.\n",
        _details(told, notes),
        _USE,
        _FACTORS.format(diseases=diseases),
        _METRICS.format(conformal_error=told["conversion"]["conformal_error"]),
        _data(told),
        *([cross_validation(report, told["input"].get("views", 1))] if report else []),
        _figures(told),
        _rates(told),
        _gate(checks),
        *([_failures(notes["failures"])] if notes.get("failures") else []),
        _ETHICS,
        _CAVEATS.format(caveats="\n".join(f"- {line}" for line in caveats)),
    ]
    return "\n".join(parts)


def _failures(lines: Sequence[str]) -> str:
    listed = "\n".join(f"- {line}" for line in lines)
    return f"## What the worst mistakes look like\n\n{listed}\n"


def _known_caveats(told: dict[str, Any]) -> list[str]:
    """What follows from the labels and the sources alone."""
    caveats = []
    if not any("lymphoblast" in label for label in told["labels"]):
        caveats.append(
            "**No lymphoblasts**: none were in training, calibration or holdout. Acute "
            "lymphoblastic leukemia, the commonest of children, must not be expected to be found."
        )
    caveats.append(
        "**No children marked**: no source tells an age; no figure says how it does on children."
    )
    names = ", ".join(source["name"] for source in told["trained_on"])
    caveats.append(
        f"**Few laboratories**: trained on {names}; stains, scanners and cameras of others are "
        "not in the figures."
    )
    return caveats


def _details(told: dict[str, Any], notes: dict[str, Any]) -> str:
    spec, decision, limits = told["input"], told["decision"], told["abstention"]
    width = spec["size_px"] * spec["um_per_px"]
    return f"""\
## Model details

- Input: {spec["size_px"]} x {spec["size_px"]} px at {spec["um_per_px"]} um/px ({width:.1f} um \
wide), colours relative to the empty glass{_views(spec)}.
- Output: logits of {len(told["labels"])} labels: {", ".join(told["labels"])}.
- Blasts: {", ".join(told["blast_labels"])}. No white cells: \
{", ".join(told["non_cell_labels"]) or "none"}.
- {told["conversion"]["method"]}; {told["conversion"]["bytes"]:,} bytes without metadata, ranges \
from {told["conversion"]["representative_cells"]} cells.
- Decision: temperature {decision["temperature"]}, offset of blasts \
{decision["blast_offset"]}, log-odds of p_blast times {decision["recalibration"]["slope"]} plus \
{decision["recalibration"]["shift"]}; blast from p_blast {decision["threshold"]}; no \
answer between {limits["unsure_low"]} and {limits["unsure_high"]}, nor below an energy of \
{limits["minimum_energy"]}.
- Trained by recipe {notes.get("recipe", "unknown")}, seed {notes.get("seed", "unknown")}.
"""


def _views(spec: dict[str, Any]) -> str:
    views = spec.get("views", 1)
    return f"; the mean answer to {views} mirrored views of each cell" if views > 1 else ""


def _data(told: dict[str, Any]) -> str:
    lines = ["## Training data", "", "| source | cells | patients | terms |", "|---|---|---|---|"]
    for source in told["trained_on"]:
        patients = source.get("patients") or "not told"
        cells = source.get("cells", "not told")
        lines.append(f"| {source['name']} | {cells} | {patients} | {source['terms']} |")
    lines += ["", f"Evaluation: {told['operating_point']['measured_on']}", ""]
    return "\n".join(lines)


def _figures(told: dict[str, Any]) -> str:
    int8, floats = told["figures"]["int8"], told["figures"]["float"]
    lines = [
        "## Figures on held-out patients",
        "",
        "Cells of all patients together, before abstention unless said otherwise; each network "
        "with temperature, offset and threshold set on its own answers to the calibration cells.",
        "",
        "| | cells | blasts | AUC int8 | AUC float | ECE int8 | ECE float | sensitivity int8 "
        "| float | false blasts int8 | float | abstained |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    rows = [("all", int8, floats)]
    rows += [(name, part, floats["by_source"][name]) for name, part in int8["by_source"].items()]
    for name, now, before in rows:
        pairs = [
            _shown(figures[key])
            for key in ("auc", "ece", "sensitivity", "false_blast_rate")
            for figures in (now, before)
        ]
        lines.append(
            f"| {name} | {now['cells']} | {now['blasts']} | {' | '.join(pairs)} "
            f"| {_shown(now['abstained'])} |"
        )
    lines += [
        "",
        f"White cells taken for artefacts: {_shown(int8['taken_for_artefacts'])}; artefacts "
        f"counted as white cells: {_shown(int8['artefacts_counted'])}; label accuracy: "
        f"{_shown(int8['accuracy'])}.",
        "",
    ]
    return "\n".join(lines)


def _rates(told: dict[str, Any]) -> str:
    lines = [
        "## Operating point between patients",
        "",
        "Among answered cells; a Beta(a, b) distribution of the rate between patients.",
        "",
        "| rate | mean | a | b | patients | cells | lowest to highest patient |",
        "|---|---|---|---|---|---|---|",
    ]
    for key in ("sensitivity", "false_blast_rate"):
        rate = told["operating_point"][key]
        each = [g["flagged"] / g["cells"] for g in rate["by_patient"]]
        lines.append(
            f"| {key} | {_shown(rate['mean'])} | {rate['a']} | {rate['b']} | {rate['patients']} "
            f"| {rate['cells']} | {_shown(min(each))} to {_shown(max(each))} |"
        )
    lines += ["", f"{told['operating_point']['note']}", ""]
    return "\n".join(lines)


def _gate(checks: Sequence[Check]) -> str:
    lines = ["## Gate from float to int8", "", "| demand | found |", "|---|---|"]
    lines += [f"| {check.name} | {check.found} |" for check in checks]
    return "\n".join([*lines, ""])


def _shown(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"
