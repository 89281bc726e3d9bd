"""What the tests of the device share: the shipped bundle, opened as the device opens it."""

from __future__ import annotations

import pytest

from edge.inference.classifier import Classifier
from edge.inference.shelf import open_classifier


@pytest.fixture(scope="session")
def classifier() -> Classifier:
    """The shipped bundle, verified, its golden test passed."""
    return open_classifier(threads=2)
