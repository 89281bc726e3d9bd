"""Where the lent real data lies; tests that need it skip with a reason elsewhere."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent


def data_folder() -> Path:
    """The folder of lent data: LEUKOSCOPE_DATA, or shared/data beside the repository."""
    return Path(os.environ.get("LEUKOSCOPE_DATA", REPOSITORY.parent / "shared" / "data"))


def shared_zip(name: str) -> Path:
    """Path of one lent zip, such as ``bccd_fields``; skips the calling test where it is absent."""
    path = data_folder() / f"{name}.zip"
    if not path.is_file():
        pytest.skip(f"real data is not here: {path.name} (set LEUKOSCOPE_DATA)")
    return path
