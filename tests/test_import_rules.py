"""Who may know whom (DESIGN.md): the map of the house holds because this test reads every file."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.shared_data import REPOSITORY

_ROOMS = ("camera", "imaging", "inference", "judgement", "signals", "records")
_HEAVY = {"tensorflow", "keras", "onnx", "onnxruntime", "matplotlib", "scipy", "h5py"}

# What every room may use.
_COMMON = {"edge", "edge.errors", "edge.closing", "edge.rounds"}
# The plain data types that pass between rooms.
_PASSED_DATA = {
    "edge.camera.frame": {"imaging"},
    "edge.judgement.operating_point": {"inference"},
    "edge.judgement.score_bins": {"inference"},
}
# What the page knows besides the records: what lamps say, what persons' calls make of a result, and
# how the daily control stands.
_PAGE_KNOWS = {
    "edge.signals.indicator",
    "edge.reviewing",
    "edge.exporting",
    "edge.control_day",
    "edge.levey_jennings",
}
# Libraries of hardware and of files, and the one file that imports each.
_HARDWARE = {
    "picamera2": "edge/camera/picamera.py",
    "gpiozero": "edge/signals/lamps.py",
    "ai_edge_litert": "edge/inference/interpreter.py",
    "tflite_runtime": "edge/inference/interpreter.py",
    "uvicorn": "edge/web/server.py",
    "zxingcpp": "edge/web/barcode.py",
    "cryptography": "edge/inference/signature.py",
    "fpdf": "edge/records/dossier/paper.py",
    "fontpkg_noto_sans": "edge/records/dossier/paper.py",
    "fontpkg_noto_sans_devanagari": "edge/records/dossier/paper.py",
}


def _files(package: str) -> list[Path]:
    return sorted((REPOSITORY / package).rglob("*.py"))


def _imports(path: Path) -> Iterator[str]:
    """Every module that a file imports, inside functions too; type checking blocks are not run
    on the device but still count: they are knowledge."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative imports hide who knows whom"
            yield node.module or ""


def _room(path: Path) -> str | None:
    parts = path.relative_to(REPOSITORY / "edge").parts
    return parts[0] if len(parts) > 1 and parts[0] in _ROOMS else None


@pytest.mark.parametrize("path", _files("edge"), ids=lambda p: str(p.relative_to(REPOSITORY)))
def test_the_device_needs_no_workstation(path: Path) -> None:
    for module in _imports(path):
        top = module.partition(".")[0]
        assert top not in {"convert", "train", "tests", "bench"}, f"{path} imports {module}"
        assert top not in _HEAVY, f"{path} imports {module}, which no Pi has"


@pytest.mark.parametrize("path", _files("edge"), ids=lambda p: str(p.relative_to(REPOSITORY)))
def test_rooms_do_not_know_each_other(path: Path) -> None:
    room = _room(path)
    if room is None:
        return
    for module in _imports(path):
        parts = module.split(".")
        if parts[0] != "edge" or module in _COMMON or parts[1] == room:
            continue
        allowed = room in _PASSED_DATA.get(module, set())
        assert allowed, f"{path} of room {room} imports {module}"


@pytest.mark.parametrize("path", _files("edge/web"), ids=lambda p: str(p.relative_to(REPOSITORY)))
def test_the_page_knows_the_records_and_no_camera_model_or_loop(path: Path) -> None:
    for module in _imports(path):
        parts = module.split(".")
        known = module in _COMMON or module in _PAGE_KNOWS or parts[1:2] in (["web"], ["records"])
        assert parts[0] != "edge" or known, f"{path} imports {module}"


def test_only_the_page_is_made_of_web_libraries() -> None:
    """`leukoscope screen` needs none of them, and works where none is installed."""
    for path in _files("edge"):
        if "edge/web/" not in str(path):
            tops = {module.partition(".")[0] for module in _imports(path)}
            assert not tops & {"starlette", "jinja2", "uvicorn", "zxingcpp"}, path


@pytest.mark.parametrize(
    "path", _files("edge/judgement"), ids=lambda p: str(p.relative_to(REPOSITORY))
)
def test_judgement_is_statistics_only(path: Path) -> None:
    for module in _imports(path):
        top = module.partition(".")[0]
        known = top in sys.stdlib_module_names or top == "numpy"
        assert known or module.startswith("edge.judgement"), f"{path} imports {module}"


@pytest.mark.parametrize("library", sorted(_HARDWARE))
def test_a_hardware_library_is_imported_in_one_file(library: str) -> None:
    users = {
        str(path.relative_to(REPOSITORY))
        for path in _files("edge")
        if library in path.read_text(encoding="utf-8")
        and any(module.partition(".")[0] == library for module in _imports(path))
    }
    assert users <= {_HARDWARE[library]}


def test_workstation_packages_use_the_devices_own_pixels_and_judgement() -> None:
    """A mismatch between training, calibration and device is impossible by construction."""
    for package in ("convert", "train"):
        modules = {module for path in _files(package) for module in _imports(path)}
        assert any(module.startswith("edge.imaging") for module in modules), package
        assert not any(module.startswith("edge.cli") for module in modules), package
