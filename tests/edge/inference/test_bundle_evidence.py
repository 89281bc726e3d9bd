"""What a bundle may tell besides: scores of its patients, and the sign of very high scores."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from edge.errors import BundleRefused
from edge.inference.bundle import load_bundle
from edge.judgement.score_bins import SCORE_EDGES
from tests.edge.inference.bundle_maker import description, write_bundle

PATIENTS = [{"patient": "a", "cells": [80, 12, 5, 2, 1, 0]}, {"patient": "b", "cells": [1] * 6}]
CERTAIN = {
    "threshold": 0.97,
    "sensitivity": {"a": 3.0, "b": 6.0, "patients": 9, "cells": 400},
    "false_rate": {"a": 0.1, "b": 99.0, "patients": 12, "cells": 900},
}


def with_reference(**changes: Any) -> dict[str, Any]:
    return description() | {
        "score_reference": {"edges": list(SCORE_EDGES), "patients": PATIENTS} | changes
    }


def with_certain(**changes: Any) -> dict[str, Any]:
    told = description()
    told["operating_point"]["certain"] = CERTAIN | changes
    return told


def test_a_bundle_of_before_is_still_a_bundle(tmp_path: Path) -> None:
    bundle = load_bundle(write_bundle(tmp_path / "toy"))
    assert bundle.score_reference is None
    assert bundle.certain_threshold is None
    assert bundle.operating_point.certain is None


def test_scores_of_patients_and_the_certain_sign_are_read(tmp_path: Path) -> None:
    bundle = load_bundle(write_bundle(tmp_path / "scores", with_reference()))
    assert bundle.score_reference is not None
    assert bundle.score_reference.patients[0] == (80, 12, 5, 2, 1, 0)
    bundle = load_bundle(write_bundle(tmp_path / "certain", with_certain()))
    assert bundle.certain_threshold == 0.97
    assert bundle.operating_point.certain is not None
    assert bundle.operating_point.certain.sensitivity.a == 3.0


@pytest.mark.parametrize(
    ("told", "named"),
    [
        (with_reference(edges=[-1.0, 1.0]), "edges"),
        (with_reference(edges=None), "edges"),
        (with_reference(patients=[]), "patients"),
        (with_reference(patients="none"), "patients"),
        (with_reference(patients=[{"patient": "a"}]), "cells"),
        (with_reference(patients=[{"patient": "a", "cells": [1, 2]}]), "cells"),
        (with_reference(patients=[{"patient": "a", "cells": [0] * 6}]), "cells"),
        (with_reference(patients=[{"patient": "a", "cells": [1.5] * 6}]), "cells"),
        (with_reference(patients=[{"patient": "a", "cells": [True] * 6}]), "cells"),
        (with_certain(threshold=0.1), "threshold"),
        (with_certain(false_rate={"a": -1.0}), "a"),
    ],
)
def test_what_is_wrong_is_named_and_refused(
    told: dict[str, Any], named: str, tmp_path: Path
) -> None:
    with pytest.raises(BundleRefused, match=named):
        load_bundle(write_bundle(tmp_path / "toy", told))
