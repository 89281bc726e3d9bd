"""What the tests of the page share."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def cheap_pins(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """PINs cost a second each by intent; only the tests of that cost pay it."""
    if "dear_pins" not in request.keywords:
        monkeypatch.setattr("edge.web.pins._N", 2**10)
        monkeypatch.setattr("edge.web.pins._P", 1)
