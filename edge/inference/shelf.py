"""Where bundles lie, and opening one all the way to a classifier that may be trusted."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from edge.errors import BundleMissing
from edge.inference.bundle import DESCRIPTION_FILE, load_bundle
from edge.inference.classifier import Classifier
from edge.inference.golden import replay_golden
from edge.inference.interpreter import open_interpreter

DEFAULT_NAME: Final = "leukoscope-mnv2"


def shelves() -> tuple[Path, ...]:
    """Folders of bundles: inside an installed package, else beside it in a checkout."""
    here = Path(__file__).resolve().parent
    return here / "models", here.parent.parent / "models"


def find_bundle(asked: Path | None = None, on: tuple[Path, ...] | None = None) -> Path:
    """The folder of the bundle asked for.

    Args:
        asked: A folder; or the bare name of a bundle on a shelf; None means the default bundle,
            or the only one there is.
        on: Shelves to look at; None means those of this installation.

    Raises:
        BundleMissing: There is no such bundle; says where it was looked for.
    """
    shelves_here = shelves() if on is None else on
    places = [shelf / DEFAULT_NAME for shelf in shelves_here]
    if asked is not None:
        places = [asked]
        if asked.name == str(asked):
            places += [shelf / asked for shelf in shelves_here]
    for place in places:
        if (place / DESCRIPTION_FILE).is_file():
            return place
    all_bundles = [found.parent for s in shelves_here for found in s.glob(f"*/{DESCRIPTION_FILE}")]
    if asked is None and len(all_bundles) == 1:
        return all_bundles[0]
    looked = ", ".join(str(place) for place in places)
    names = ", ".join(sorted(found.name for found in all_bundles)) or "none"
    raise BundleMissing(f"No model bundle in {looked}; bundles here: {names}.")


def open_classifier(asked: Path | None = None, threads: int = 1) -> Classifier:
    """A classifier from a bundle that was verified and passed its golden test on this device.

    Raises:
        BundleMissing, BundleRefused, BundleAltered: See ``load_bundle``.
        InterpreterMissing: See ``open_interpreter``.
        GoldenTestFailed: This device does not reproduce the golden outputs.
    """
    bundle = load_bundle(find_bundle(asked))
    interpreter = open_interpreter(bundle.model, threads)
    classifier = Classifier(bundle, interpreter)
    replay_golden(bundle, interpreter)
    classifier.proven = True
    return classifier
