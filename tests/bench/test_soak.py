"""The soak, in short: every frame goes through, and what is kept is told. The whole: make soak."""

import json
import mmap

import pytest

from bench import soak
from tests.shared_data import REPOSITORY


def test_frames_go_through_the_loop_and_memory_is_read_as_they_do(tmp_path, monkeypatch):
    monkeypatch.setattr(soak, "FRAMES_EACH", 32)
    report = soak.soak(72, tmp_path)
    assert report["frames"] == 72
    assert report["examinations"] == 3
    assert report["resident_mb_at_end"] > 20
    assert report["disk_mb"] > 0


def test_a_leak_is_seen_in_the_slope(tmp_path, monkeypatch):
    """The measure can fail: a megabyte kept for every frame shows as such."""
    kept = []
    frames = soak._Round.frames

    def leaking(self):
        for frame in frames(self):
            # Pages of its own: what other tests gave back must not hide the growth.
            page = mmap.mmap(-1, 1_000_000)
            page.write(b"\1" * 1_000_000)
            kept.append(page)
            yield frame

    monkeypatch.setattr(soak._Round, "frames", leaking)
    report = soak.soak(72, tmp_path)
    assert 500_000 < report["slope_bytes_per_frame"] < 2_000_000


def test_the_kept_run_grew_little():
    path = REPOSITORY / "bench/logs/soak.json"
    if not path.exists():
        pytest.skip("no long run is kept: make soak")
    kept = json.loads(path.read_text())
    assert kept["frames"] >= 20_000
    assert kept["resident_mb_at_end"] < 1.1 * kept["resident_mb_at_half"]
