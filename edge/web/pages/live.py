"""The live page: the field, the count, the coach, and the start and end of an examination."""

from __future__ import annotations

from starlette.responses import HTMLResponse, Response

from edge.errors import BarcodeUnread
from edge.records.search import examinations_of, search
from edge.records.store import Store
from edge.web.barcode import read_barcode
from edge.web.control import Phase, Progress
from edge.web.roles import Role
from edge.web.visit import Refusal, Visit

_GOING_ON = (Phase.STARTING, Phase.COUNTING)
_CELLS_FOR_A_RESULT = 100
_NUMBER_HEADER = "x-number"


async def show_live(visit: Visit) -> Response:
    """The first page."""
    return await live_page(visit)


async def picture(visit: Visit) -> Response:
    """The newest picture; waits for one newer than ``after``. 204 when there is none."""
    newest = await visit.parts.live.picture_after(_after(visit))
    if newest is None:
        return Response(status_code=204)
    return Response(
        newest.value, media_type="image/jpeg", headers={_NUMBER_HEADER: str(newest.number)}
    )


async def status(visit: Visit) -> Response:
    """The state as a piece of the live page; waits for one newer than ``after``."""
    newest = await visit.parts.live.state_after(_after(visit))
    html = visit.html("live_status.html", **status_values(visit.parts.live.progress))
    return HTMLResponse(html, headers={_NUMBER_HEADER: str(newest.number)})


async def start(visit: Visit) -> Response:
    """Begin an examination, unless the slide's number was used and nobody said to go on."""
    slide = visit.form.text("slide").strip()
    if not slide:
        raise Refusal(400, "no_slide")
    if visit.form.text("again") != "yes":
        used = await visit.parts.desk.ask(lambda store: examinations_of(store, slide))
        if used:
            return visit.page("slide_used.html", 409, slide=slide, used=used)
    visit.parts.control.start(slide)
    return visit.go("/")


async def start_control(visit: Visit) -> Response:
    """Begin the daily control."""
    visit.parts.control.start_control()
    return visit.go("/")


async def end(visit: Visit) -> Response:
    """End the examination with the verdict that its cells allow.

    A page that was left open says which slide it shows; another one must not be ended by it.
    """
    meant, now = visit.form.text("slide"), visit.parts.control.progress.slide
    if meant and meant != now:
        raise Refusal(409, "other_slide", slide=now)
    visit.parts.control.end()
    return visit.go("/")


async def barcode(visit: Visit) -> Response:
    """Read the slide's number from a photograph of its label."""
    if not visit.form.file:
        raise Refusal(400, "no_photo")
    try:
        slide = await read_barcode(visit.form.file)
    except BarcodeUnread:
        return await live_page(visit, status=422, unread=True)
    return await live_page(visit, slide=slide)


async def live_page(
    visit: Visit, status: int = 200, slide: str = "", unread: bool = False
) -> Response:
    """The live page, with a slide's number in its field where one is known."""
    state = visit.parts.live.states.newest
    progress = visit.parts.live.progress
    going_on = progress.phase in _GOING_ON
    if not slide and not going_on and visit.may(Role.REVIEWER):
        slide = await visit.parts.desk.ask(next_number)
    return visit.page(
        "live.html",
        status,
        number=state.number,
        has_picture=visit.parts.live.pictures.newest.value is not None,
        next_slide=slide,
        unread=unread,
        **status_values(progress),
    )


def status_values(progress: Progress) -> dict[str, object]:
    """What the status piece shows of a state."""
    cells, needed = progress.cells, progress.cells_needed
    settled = progress.verdict in ("REVIEW", "NO_BLASTS_FOUND")
    goal = cells if settled else cells + needed if needed else max(cells, _CELLS_FOR_A_RESULT)
    return {
        "state": progress,
        "going_on": progress.phase in _GOING_ON,
        "ended": progress.phase is Phase.ENDED,
        "goal": max(1, goal),
        "heading": "STARTING" if progress.phase is Phase.STARTING else progress.indicator,
    }


def next_number(store: Store) -> str:
    """The counter's next slide number: one no examination has."""
    count = search(store, size=1).total + 1
    while examinations_of(store, number := f"{count:04d}"):
        count += 1
    return number


def _after(visit: Visit) -> int:
    text = visit.query("after")
    return int(text) if text.isdecimal() and text.isascii() and len(text) < 16 else 0
