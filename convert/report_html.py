"""The report of a conversion as one HTML page that needs nothing else."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from html import escape
from typing import Any, Final

from convert.report_plots import layer_bars, reliability_plot, scatter_plot

_STYLE: Final = """
:root { color-scheme: light; --ink: #1d2330; --soft: #5b6577; --line: #d9dee7; --good: #14683c;
  --bad: #a51d2d; --warn: #8a5a00; --paper: #ffffff; --shade: #f4f6f9 }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper);
  margin: 0 auto; max-width: 72rem; padding: 1.5rem }
h1 { font-size: 1.6rem; margin: 0 } h2 { font-size: 1.15rem; margin: 2.2rem 0 .6rem }
p { margin: .4rem 0; max-width: 46rem } .soft { color: var(--soft) }
.verdict { border-left: 6px solid var(--good); background: var(--shade); padding: .8rem 1.1rem;
  margin: 1.2rem 0 } .verdict.bad { border-color: var(--bad) }
.verdict strong { color: var(--good); font-size: 1.2rem } .verdict.bad strong { color: var(--bad) }
.wide { overflow-x: auto } table { border-collapse: collapse; font-size: .9rem; width: 100% }
th, td { text-align: right; padding: .3rem .6rem; border-bottom: 1px solid var(--line);
  white-space: nowrap } th { color: var(--soft); font-weight: 600; vertical-align: bottom }
th:first-child, td:first-child, .text { text-align: left } td.text { white-space: normal;
  min-width: 6rem }
tr.bad td { background: #fdf0f1 } .good { color: var(--good) } .fail { color: var(--bad);
  font-weight: 700 } .warn { color: var(--warn) }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(20rem, 1fr)); gap: 1.5rem }
figure { margin: 0 } figcaption { color: var(--soft); font-size: .9rem }
svg { width: 100%; height: auto } pre { background: var(--shade); padding: .8rem 1rem;
  white-space: pre-wrap; overflow-wrap: anywhere; font-size: .85rem }
details { margin: .6rem 0 } summary { cursor: pointer }
"""

_PASSED: Final = "<span class=good>passed</span>"
_FAILED: Final = "<span class=fail>failed</span>"


def as_html(report: dict[str, Any]) -> str:
    """The page; ``report`` is what ``build_report`` gives."""
    parts = [
        f"<h1>{escape(report['network'])}: float to int8</h1>",
        f"<p class=soft>{escape(report['source'])}. Screening aid for research use; not a "
        "diagnosis.</p>",
        _verdict(report),
        _rungs(report["rungs"]),
        _gate(report["rungs"][-1]["checks"]),
        _decisions(report["decisions"]),
        _plots(report),
        _by_label(report["by_label"]),
        _by_patient(report["by_patient"]),
        _contract(report["pixel_contract"]),
        _layers(report["layers"]),
        _machine(report),
        _again(report),
    ]
    return (
        "<!doctype html>\n<html lang=en><head><meta charset=utf-8>"
        "<meta name=viewport content='width=device-width, initial-scale=1'>"
        f"<title>{escape(report['network'])}: float to int8</title><style>{_STYLE}</style></head>"
        f"<body>{''.join(part for part in parts if part)}</body></html>\n"
    )


def _verdict(report: dict[str, Any]) -> str:
    rung = report["rungs"][-1]
    failed = [check["name"] for check in rung["checks"] if not check["passed"]]
    int8, exact = rung["figures"]["int8"], rung["figures"]["float"]
    told = ", ".join(
        f"{word} {_number(int8[key])} (float {_number(exact[key])})"
        for word, key in (
            ("AUC", "auc"),
            ("sensitivity", "sensitivity"),
            ("false blasts", "false_blast_rate"),
        )
    )
    figures = (
        f"On {int8['cells']} white cells of the holdout: {told}; both rates among those that the "
        "network takes for white cells."
    )
    if report["passed"]:
        warned = sum(check["warning"] for check in rung["checks"])
        said = f"All {len(rung['checks'])} demands are met" + (
            f", {warned} with a warning." if warned else "."
        )
        return (
            f"<div class=verdict><strong>Proven: a bundle was written.</strong><p>{said} "
            f"{escape(figures)}</p></div>"
        )
    return (
        "<div class='verdict bad'><strong>Not proven: no bundle was written.</strong>"
        f"<p>Not met by the last rung: {escape('; '.join(failed))}. {escape(figures)}</p></div>"
    )


def _rungs(rungs: Sequence[dict[str, Any]]) -> str:
    rows = []
    for rung in rungs:
        int8, figures = rung["figures"]["int8"], rung["figures"]
        word = _PASSED if rung["passed"] else _FAILED
        rows.append(
            [
                _text(rung["name"]), word, f"{figures['agreement']:.2%}", _number(int8["auc"]),
                _number(int8["sensitivity"]), _number(int8["ece"]),
                _number(figures["mean_step_error"]), f"{rung['bytes']:,}",
            ]
        )  # fmt: skip
    head = ["way to int8", "gate", "agreement", "AUC", "sensitivity", "ECE", "logit error, steps",
            "bytes"]  # fmt: skip
    return (
        "<h2>What was tried</h2><p>From the cheapest way on, until one held. Agreement: cells on "
        "which int8 and float decide alike. ECE: how far told probabilities lie from the shares "
        "found. A step is the smallest difference that the int8 output can tell.</p>"
        + _table(head, rows)
    )


def _gate(checks: Sequence[dict[str, Any]]) -> str:
    rows = []
    for check in checks:
        word = _PASSED
        if not check["passed"]:
            word = _FAILED
        elif check["warning"]:
            word = "<span class=warn>warning</span>"
        rows.append([_text(check["name"]), word, _text(check["found"])])
    return "<h2>The gate</h2>" + _table(["demand", "", "found"], rows)


def _decisions(rows: Sequence[dict[str, Any]]) -> str:
    head = ["temperature, offset and threshold", "sensitivity float", "int8", "loss", "at most",
            "false blasts float", "int8", "rise", "at most"]  # fmt: skip
    body = []
    for row in rows:
        cells = [_text(row["decision"])]
        for rate, change in (
            ("sensitivity", row["sensitivity_loss"]),
            ("false_blast_rate", row["false_blast_rise"]),
        ):
            told = ["", ""] if change is None else [f"{change[k]:+.2%}" for k in ("mean", "bound")]
            cells += [_number(row["float"][rate]), _number(row["int8"][rate]), *told]
        body.append(cells)
    return (
        "<h2>What int8 does to both rates</h2><p>The bundle holds the int8 network with its own "
        "decision, so the first line is what a device gains or loses, and the gate asks both of "
        "its rates: a decision set anew can buy one with the other, not both. The second line is "
        "what int8 moves by itself. Both rates here are shares of all signed cells; what a network "
        "takes for no white cell, it does not flag. Loss and rise are measured among the white "
        "cells that either network takes for such, with each picture as it lay and as it might "
        "have lain. At most: with 95% confidence over patients.</p>" + _table(head, body)
    )


def _plots(report: dict[str, Any]) -> str:
    figures = [
        (scatter_plot(report["scatter"]), "Probability of a blast for each holdout cell, float "
         "against int8; blasts as signed are dark."),
        (reliability_plot(report["reliability"]), "Reliability: of the cells told a probability, "
         "the share that were signed as blasts. On the diagonal is true."),
    ]  # fmt: skip
    drawn = "".join(
        f"<figure>{svg}<figcaption>{escape(words)}</figcaption></figure>" for svg, words in figures
    )
    return f"<h2>Float against int8</h2><div class=plots>{drawn}</div>"


def _by_label(rows: Sequence[dict[str, Any]]) -> str:
    head = ["label", "cells", "named, float", "named, int8", "called blast, float",
            "called blast, int8", "same label"]  # fmt: skip
    keys = ("float_recall", "int8_recall", "float_flagged", "int8_flagged", "same_label")
    body = [
        [_text(row["label"]), str(row["cells"]), *(_number(row[key]) for key in keys)]
        for row in rows
    ]
    return "<h2>By label</h2>" + _table(head, body)


def _by_patient(rows: Sequence[dict[str, Any]]) -> str:
    head = ["patient", "cells", "blasts", "AUC float", "int8", "sensitivity float", "int8",
            "false blasts float", "int8", "verdict float", "int8"]  # fmt: skip
    body, bad = [], set()
    for number, row in enumerate(rows):
        pairs = [
            _number(row[name][key])
            for key in ("auc", "sensitivity", "false_blast_rate")
            for name in ("float", "int8")
        ]
        verdicts = [row["verdict"][name].replace("_", " ") for name in ("float", "int8")]
        if verdicts[0] != verdicts[1]:
            bad.add(number)
        body.append([_text(row["patient"]), str(row["cells"]), str(row["blasts"]), *pairs,
                     *map(escape, verdicts)])  # fmt: skip
    return "<h2>By patient</h2>" + _table(head, body, bad)


def _contract(rows: Sequence[dict[str, Any]]) -> str:
    if not rows:
        return ""
    body = [
        [_text(row["alternative"]), _number(row["auc"]), _text(row.get("verdict", ""))]
        for row in rows
    ]
    return (
        "<h2>What the network expects to see</h2><p>The float network on a sample of the holdout, "
        "fed as described and in the ways that are easily mistaken for it.</p>"
        + _table(["fed", "AUC", ""], body)
    )


def _layers(rows: Sequence[dict[str, Any]]) -> str:
    if not rows:
        return ""
    head = ["layer", "operator", "noise", "added here", "cut off", "levels used"]
    body = [
        [_text(row["name"].split(";")[0][-70:]), escape(row["operator"]), f"{row['noise']:.2%}",
         f"{row['added']:.2%}", f"{row['clipped']:.2%}", str(row["levels"] or "float")]
        for row in rows
    ]  # fmt: skip
    return (
        "<h2>Layer by layer</h2><p>Root mean square of the difference from float, relative to "
        "float's own, on calibration cells.</p>"
        f"<figure>{layer_bars(rows)}</figure>"
        f"<details><summary>All {len(rows)} layers</summary>{_table(head, body)}</details>"
    )


def _machine(report: dict[str, Any]) -> str:
    sizes = report["size_bytes"]
    rows = [
        [_text(row["network"]), str(row["threads"]), f"{row['p50_ms']:.2f}", f"{row['p95_ms']:.2f}"]
        for row in report["latency"]
    ]
    operators = ", ".join(f"{count} {name}" for name, count in report["operators"].items())
    return (
        "<h2>Size and speed</h2>"
        f"<p>{sizes['int8']:,} bytes, {sizes['int8'] / sizes['float']:.0%} of the float model's "
        f"{sizes['float']:,}. Operators: {escape(operators)}.</p>"
        + _table(["one cell on this machine", "threads", "p50, ms", "p95, ms"], rows)
    )


def _again(report: dict[str, Any]) -> str:
    notes = "".join(f"<li>{escape(note)}</li>" for note in report["notes"])
    settings = "\n".join(f"{key} = {value}" for key, value in report["settings"].items())
    return (
        (f"<h2>Notes</h2><ul>{notes}</ul>" if notes else "")
        + f"<h2>To do it again</h2><pre>{escape(shlex.join(report['command']))}</pre>"
        f"<details><summary>Settings</summary><pre>{escape(settings)}</pre></details>"
    )


def _table(
    head: Sequence[str], rows: Sequence[Sequence[str]], bad: set[int] | frozenset[int] = frozenset()
) -> str:
    """A table; a cell that begins with a tag is taken as it is."""
    heads = "".join(
        f"<th{' class=text' if name == 'found' else ''}>{escape(name)}</th>" for name in head
    )
    lines = []
    for number, row in enumerate(rows):
        cells = "".join(c if c.startswith("<td") else f"<td>{c}</td>" for c in row)
        lines.append(f"<tr{' class=bad' if number in bad else ''}>{cells}</tr>")
    return f"<div class=wide><table><tr>{heads}</tr>{''.join(lines)}</table></div>"


def _text(value: str) -> str:
    return f"<td class=text>{escape(value)}</td>"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"
