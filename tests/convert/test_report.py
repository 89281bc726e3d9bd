"""The report: one page that needs nothing else, and the same as JSON."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from typing import Any

import pytest

from convert.report_html import as_html
from convert.report_plots import layer_bars, reliability_plot, scatter_plot


def report(passed: bool = True) -> dict[str, Any]:
    figures = {"auc": 0.98, "sensitivity": 0.72, "ece": 0.05, "false_blast_rate": 0.01, "cells": 9}
    check = {"name": "AUC is kept", "passed": passed, "warning": False, "found": "0.98 <b> 0.97"}
    rate = {"auc": 0.9, "sensitivity": None, "false_blast_rate": 0.1, "abstained": 0.2}
    return {
        "network": "toy 1",
        "source": "float.onnx",
        "passed": passed,
        "command": ["python", "-m", "convert", "my network.onnx"],
        "settings": {"seed": 1},
        "notes": ["imported: 1e-7 from onnxruntime"],
        "pixel_contract": [{"alternative": "as described", "auc": 0.97}],
        "rungs": [
            {"name": "full int8", "passed": passed, "bytes": 1000, "checks": [check],
             "figures": {"int8": figures, "float": figures, "agreement": 0.994,
                         "mean_step_error": 0.4}}
        ],
        "decisions": [
            {"decision": "each by its own decision", "float": figures, "int8": figures,
             "sensitivity_loss": {"mean": 0.001, "bound": 0.004, "patients": 3},
             "false_blast_rise": None}
        ],
        "by_label": [{"label": "blast", "cells": 3, "float_recall": 1.0, "int8_recall": 0.9,
                      "float_flagged": 1.0, "int8_flagged": 0.9, "same_label": 0.9}],
        "by_patient": [
            {"patient": "clinic/P1", "cells": 9, "blasts": 3, "float": rate, "int8": rate,
             "verdict": {"float": "REVIEW", "int8": "CANNOT_JUDGE", "cells_counted": 5}}
        ],
        "scatter": [[0.1, 0.2, 0], [0.9, 0.8, 1]],
        "reliability": {n: [{"told": 0.2, "true": 0.1, "cells": 5}] for n in ("float", "int8")},
        "layers": [{"name": "a;b", "operator": "CONV_2D", "noise": 0.02, "added": 0.01,
                    "clipped": 0.0, "levels": 200}],
        "size_bytes": {"float": 4000, "int8": 1000},
        "operators": {"CONV_2D": 3},
        "latency": [{"network": "int8", "threads": 1, "p50_ms": 1.0, "p95_ms": 2.0}],
    }  # fmt: skip


class Balanced(HTMLParser):
    """Every tag that is opened is closed, in order."""

    VOID = frozenset({"meta"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: object) -> None: ...

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize("passed", [True, False])
def test_the_page_is_whole_and_loads_nothing(passed: bool) -> None:
    page = as_html(report(passed))
    reader = Balanced()
    reader.feed(page)
    assert reader.open == []
    assert not re.search(r"https?://|<script|<link|<img|url\(", page)
    assert ("Proven: a bundle was written" in page) == passed
    assert ("no bundle was written" in page) != passed


def test_what_was_found_is_text_and_a_changed_verdict_stands_out() -> None:
    page = as_html(report())
    assert "0.98 &lt;b&gt; 0.97" in page
    assert "<tr class=bad>" in page
    assert "+0.10%" in page  # the loss of sensitivity by the decision that ships
    assert "+0.40%" in page
    assert "python -m convert &#x27;my network.onnx&#x27;" in page
    assert "AUC 0.9800 (float 0.9800)" in page, "the verdict says what it is measured against"
    json.dumps(report(), allow_nan=False)


def test_plots_of_nothing_and_of_everything_stay_inside() -> None:
    assert "circle" not in scatter_plot([])
    assert "rect" not in layer_bars([])
    drawn = scatter_plot([[0, 0, 0], [1, 1, 1]])
    places = [float(v) for v in re.findall(r"c[xy]=([\d.]+)", drawn)]
    assert min(places) >= 0
    assert max(places) <= 360
    assert reliability_plot({"float": [], "int8": []}).count("<polyline") == 2
