"""What a person may write after --camera."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from edge.camera.pan import PanCamera
from edge.camera.replay import ReplayCamera
from edge.camera.source import open_camera, split_options
from edge.errors import CameraMissing, LeukoscopeError, NoPictures, PictureUnreadable, SourceUnknown


@pytest.fixture
def wide(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 255, (300, 400, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "wide.png")
    return tmp_path / "wide.png"


def test_replay_and_pan_are_opened_by_name(wide):
    assert isinstance(open_camera(f"replay:{wide.parent}"), ReplayCamera)
    assert isinstance(open_camera(f"pan:{wide}"), PanCamera)


def test_the_options_of_a_pan_are_heard(wide):
    camera = open_camera(f"pan:{wide}?viewport=128x96&seed=4&speed=2.5&frames=7")
    assert camera.viewport_px == (128, 96)
    assert camera.length == 7
    other = open_camera(f"pan:{wide}?viewport=128x96&seed=5&speed=2.5&frames=7")
    assert camera.true_offset_px(6) != other.true_offset_px(6)


def test_a_question_mark_in_a_file_name_is_no_option(tmp_path):
    Image.new("RGB", (64, 64)).save(tmp_path / "what?.png")
    assert isinstance(open_camera(f"pan:{tmp_path}/what?.png"), PanCamera)


@pytest.mark.parametrize(
    "source",
    ["", "camera", "replay", "replay:", "pan:", "phantom:", "usb:0", "picamera:1", "Replay:x", ":"],
)
def test_a_source_of_no_known_form_is_refused(source):
    with pytest.raises(SourceUnknown):
        open_camera(source)


@pytest.mark.parametrize(
    "query",
    [
        "sped=1",
        "speed=",
        "speed=0",
        "speed=nan",
        "speed=-1",
        "speed=1e3",
        "speed=99",
        "seed=1.5",
        "seed=-1",
        "seed=1&seed=2",
        "viewport=1280",
        "viewport=0x960",
        "viewport=axb",
        "viewport=1x2x3",
        "frames=0",
        "frames=many",
        "seed=1&",
        "seed=1&x",
    ],
)
def test_a_wrong_option_is_named(wide, query):
    with pytest.raises(SourceUnknown, match="option") as caught:
        open_camera(f"pan:{wide}?{query}")
    assert caught.value.exit_status == 2


def test_what_lies_behind_the_name_speaks_for_itself(tmp_path, monkeypatch):
    with pytest.raises(NoPictures):
        open_camera(f"replay:{tmp_path}/none")
    with pytest.raises(PictureUnreadable):
        open_camera(f"pan:{tmp_path}/none.png")
    monkeypatch.setitem(sys.modules, "picamera2", None)
    with pytest.raises(CameraMissing):
        open_camera("picamera")


@settings(derandomize=True, max_examples=60, deadline=None)
@given(st.text(max_size=30))
def test_no_words_lead_to_any_other_error(text):
    for source in (text, f"pan:{text}", f"pan:x?{text}"):
        if source.startswith(("picamera", "phantom")):
            continue
        with pytest.raises(LeukoscopeError):
            open_camera(source)


@settings(derandomize=True, max_examples=50, deadline=None)
@given(st.dictionaries(st.sampled_from(["a", "b"]), st.from_regex(r"[0-9x.]+", fullmatch=True)))
def test_options_are_split_as_they_were_joined(options):
    query = "&".join(f"{key}={value}" for key, value in options.items())
    rest = f"some/na?me.png?{query}" if options else "some/na?me.png"
    assert split_options(rest, {"a", "b"}) == ("some/na?me.png", options)
