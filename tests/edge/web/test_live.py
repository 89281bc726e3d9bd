"""The live picture: the newest, made once for all who watch, and nobody holds up the loop."""

from __future__ import annotations

import asyncio
import contextlib
import io
import time

import numpy as np
import pytest
from PIL import Image

from edge.web.control import FieldPicture, Mark, MarkedCell, Phase, Progress
from edge.web.field_picture import encode_field
from edge.web.live import SILENT_S, LiveView
from edge.web.settings import PageSettings

FAST = PageSettings(pictures_per_s=30)


def _field(grey: int) -> FieldPicture:
    return FieldPicture(np.full((48, 64, 3), grey, dtype=np.uint8))


def _name(field: FieldPicture, settings: PageSettings) -> bytes:
    return str(field.rgb[0, 0, 0]).encode()


def test_a_viewer_who_comes_late_gets_the_newest_picture_and_no_old_one() -> None:
    async def watch() -> None:
        live = LiveView(FAST, _name)
        for grey in range(50):
            live.pictures.put(_field(grey))
        newest = await live.picture_after(0)
        assert newest is not None
        assert newest.value == b"49"
        assert live.encoded == 1

    asyncio.run(watch())


def test_two_viewers_share_one_encoding_and_without_viewers_there_is_none() -> None:
    async def watch() -> None:
        live = LiveView(FAST, _name)
        live.pictures.put(_field(1))
        assert live.encoded == 0
        both = await asyncio.gather(live.picture_after(0), live.picture_after(0))
        assert [b and b.value for b in both] == [b"1", b"1"]
        again = await live.picture_after(0)
        assert again is not None
        assert live.encoded == 1

    asyncio.run(watch())


def test_pictures_come_at_the_pace_that_was_set() -> None:
    async def watch() -> int:
        live = LiveView(PageSettings(pictures_per_s=10), _name)
        number, until_s, shown = 0, time.monotonic() + 1.0, 0
        while time.monotonic() < until_s:
            live.pictures.put(_field(shown % 250))
            newest = await live.picture_after(number)
            assert newest is not None
            number, shown = newest.number, shown + 1
        return live.encoded

    assert 5 <= asyncio.run(watch()) <= 12


def test_too_many_viewers_are_sent_away_and_a_vanished_one_makes_room() -> None:
    async def watch() -> None:
        live = LiveView(PageSettings(viewers=2), _name)
        waiting = [asyncio.create_task(live.picture_after(0)) for _ in range(2)]
        await asyncio.sleep(0)
        assert await live.picture_after(0) is None
        waiting[0].cancel()
        await asyncio.gather(waiting[0], return_exceptions=True)
        third = asyncio.create_task(live.picture_after(0))
        await asyncio.sleep(0)
        live.pictures.put(_field(7))
        answers = await asyncio.gather(waiting[1], third)
        assert [a and a.value for a in answers] == [b"7", b"7"]

    asyncio.run(watch())


def test_whoever_waits_is_let_go_when_the_page_ends() -> None:
    async def watch() -> None:
        live = LiveView(FAST, _name)
        waiting = asyncio.create_task(live.picture_after(0))
        await asyncio.sleep(0)
        live.close()
        assert await asyncio.wait_for(waiting, 1) is None
        assert (await asyncio.wait_for(live.state_after(0), 1)).value.phase is Phase.READY

    asyncio.run(watch())


def test_leaving_a_picture_costs_the_loop_next_to_nothing() -> None:
    """Without an event loop, with a closed one: the loop's thread neither waits nor fails."""
    live = LiveView(FAST, encode_field)
    asyncio.run(_wait_and_leave(live))
    field, began_s = _field(1), time.perf_counter()
    for _ in range(1000):
        live.pictures.put(field)
        live.states.put(Progress(Phase.COUNTING))
    assert (time.perf_counter() - began_s) / 1000 < 0.001


async def _wait_and_leave(live: LiveView) -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(live.pictures.after(0), 0.01)


def test_each_call_has_a_mark_of_its_own_form() -> None:
    rgb = np.full((480, 1600, 3), 230, dtype=np.uint8)
    drawn = {}
    for mark in Mark:
        field = FieldPicture(rgb, (MarkedCell((600, 150, 160, 160), mark, new=False),))
        with Image.open(io.BytesIO(encode_field(field, PageSettings()))) as picture:
            assert picture.size == (800, 240)
            drawn[mark] = np.asarray(picture.convert("L"), dtype=int)
    assert (rgb == 230).all(), "the loop's own picture stays as it is"
    dark = {mark: int((grey < 120).sum()) for mark, grey in drawn.items()}
    # Told apart without any colour: by how much ink, and by whether the box is closed.
    assert dark[Mark.BLAST] > 1.5 * dark[Mark.OTHER]
    middle_of_top = {mark: grey[65:80, 340].min() for mark, grey in drawn.items()}
    assert middle_of_top[Mark.UNSURE] > 180 > middle_of_top[Mark.OTHER]


def test_a_loop_that_hangs_is_told_as_a_fault_and_not_as_counting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    live = LiveView(FAST, _name)
    live.states.put(Progress(Phase.COUNTING, "S-1", cells=40))
    assert live.progress.phase is Phase.COUNTING
    late_s = time.monotonic() + SILENT_S + 1
    monkeypatch.setattr("edge.web.live.time.monotonic", lambda: late_s)
    assert live.progress.phase is Phase.FAULT
    assert live.progress.fault is not None
    assert live.progress.fault[0] == "E-RUN-01"
    live.pictures.put(_field(1))
    assert live.progress.phase is Phase.COUNTING, "it lives again"
    live.states.put(Progress(Phase.ENDED, "S-1", verdict="REVIEW"))
    late_s += 1000
    assert live.progress.phase is Phase.ENDED, "a verdict stays"
