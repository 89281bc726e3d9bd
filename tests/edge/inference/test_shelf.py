"""Finding a bundle."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.errors import BundleMissing
from edge.inference.shelf import DEFAULT_NAME, find_bundle, shelves
from tests.edge.inference.bundle_maker import write_bundle


def test_the_default_is_found_by_its_name(tmp_path: Path) -> None:
    wanted = write_bundle(tmp_path / DEFAULT_NAME)
    write_bundle(tmp_path / "another")
    assert find_bundle(on=(tmp_path / "empty", tmp_path)) == wanted


def test_the_only_bundle_is_the_default(tmp_path: Path) -> None:
    only = write_bundle(tmp_path / "only")
    assert find_bundle(on=(tmp_path,)) == only


def test_a_name_or_a_folder_may_be_asked_for(tmp_path: Path) -> None:
    wanted = write_bundle(tmp_path / "second")
    write_bundle(tmp_path / DEFAULT_NAME)
    assert find_bundle(Path("second"), on=(tmp_path,)) == wanted
    assert find_bundle(wanted, on=()) == wanted


def test_what_is_not_there_is_named_with_what_is(tmp_path: Path) -> None:
    write_bundle(tmp_path / "one")
    write_bundle(tmp_path / "two")
    with pytest.raises(BundleMissing, match="one, two"):
        find_bundle(on=(tmp_path,))
    with pytest.raises(BundleMissing, match="none"):
        find_bundle(Path("x"), on=(tmp_path / "empty",))


def test_the_shelves_of_a_checkout_and_of_a_wheel() -> None:
    inside, beside = shelves()
    assert inside.parts[-3:] == ("edge", "inference", "models")
    assert beside.name == "models"
