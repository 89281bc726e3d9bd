"""A slide that is changed without the button is noticed; the way over bare glass is not."""

from __future__ import annotations

import pytest

from edge.imaging.red_cells import RedStain
from edge.imaging.slide_watch import SlideWatch, SlideWatchSettings

MINE = RedStain(0.55, (-0.9, -0.4))
SAME_THINNER = RedStain(0.42, (-0.88, -0.42))
ANOTHER = RedStain(0.5, (-0.8, -0.36))
PALER = RedStain(0.25, (-0.9, -0.4))


def seen(watch: SlideWatch, place: int, stain: RedStain, frames: int = 30) -> list[bool]:
    """Frames in focus; the stain is measured in every tenth, and where it is asked for."""
    return [
        watch.see(True, place, stain if i % 10 == 0 or watch.asks else None) for i in range(frames)
    ]


def pause(watch: SlideWatch, place: int, frames: int) -> None:
    for _ in range(frames):
        watch.see(False, place, None)


@pytest.mark.parametrize("other", [ANOTHER, PALER])
def test_another_slide_after_a_pause_is_told_for_a_while_and_stays_on_record(other):
    watch = SlideWatch()
    assert not any(seen(watch, 0, MINE, 60))
    pause(watch, 1, 40)
    told = seen(watch, 2, other, 300)
    assert told[2]
    assert sum(told) == SlideWatchSettings().told_frames
    assert watch.doubtful
    assert not any(seen(watch, 3, other)), "what was told is not told again"


@pytest.mark.parametrize(
    ("frames", "place", "stain"),
    [
        (40, 2, SAME_THINNER),  # over bare glass to another part of the same slide
        (40, 0, ANOTHER),  # back on known ground: the lamp was turned
        (5, 2, ANOTHER),  # a push: nobody changes a slide so quickly
    ],
)
def test_what_happens_on_one_slide_is_not_told(frames, place, stain):
    watch = SlideWatch()
    seen(watch, 0, MINE, 60)
    pause(watch, 1, frames)
    assert not any(seen(watch, place, stain, 100))
    assert not watch.doubtful


def test_before_the_first_slide_is_known_there_is_nothing_to_compare():
    watch = SlideWatch()
    seen(watch, 0, MINE, 3)
    pause(watch, 0, 60)
    assert not any(seen(watch, 1, ANOTHER))


@pytest.mark.parametrize("wrong", [{"looks": 0}, {"pause_frames": 0}, {"colour": 0.0}])
def test_settings_out_of_range_are_refused(wrong):
    with pytest.raises(ValueError, match="must"):
        SlideWatchSettings(**wrong)
