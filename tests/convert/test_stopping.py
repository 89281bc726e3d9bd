"""Ctrl-C ends a conversion, wherever it is met, and what is said of the bundle is true."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import convert.pipeline
from convert.__main__ import main


@pytest.fixture
def stop_while(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[Any], int]:
    """Convert by a function of (job, say), in place of the real conversion."""

    def run(work: Callable[[Any, Any], None]) -> int:
        def converts(job: Any, settings: Any, say: Any, progress: Any) -> None:
            work(job, say)
            raise AssertionError("it went on")

        monkeypatch.setattr(convert.pipeline, "convert", converts)
        cells = ["--calibration", "tune", "--holdout", "holdout"]
        return main(["mine.keras", *cells, "--out", str(tmp_path / "out")])

    return run


def test_an_interrupt_that_a_library_swallows_is_heeded_at_the_next_word(
    stop_while: Callable[[Any], int], capsys: pytest.CaptureFixture[str]
) -> None:
    """Met in a callback of a library it was printed and lost, and the conversion went on."""

    def swallowed(job: Any, say: Any) -> None:
        with contextlib.suppress(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        say("quantizing")

    before = signal.getsignal(signal.SIGINT)  # a shell's background has it ignored
    assert stop_while(swallowed) == 1
    assert capsys.readouterr().err == "leukoscope-convert: stopped; nothing was written.\n"
    assert signal.getsignal(signal.SIGINT) is before


def test_a_bundle_that_is_there_already_is_said_to_be(
    stop_while: Callable[[Any], int], capsys: pytest.CaptureFixture[str]
) -> None:
    """Stopped while the report is made, after the bundle was put in its place."""

    def too_late(job: Any, say: Any) -> None:
        job.out.mkdir()
        (job.out / "bundle.json").write_text("{}")
        signal.raise_signal(signal.SIGTERM)

    assert stop_while(too_late) == 1
    assert "stopped; the bundle" in capsys.readouterr().err
