"""Slides on record: the list, one examination with its gallery, one cell in its field."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from starlette.responses import HTMLResponse, Response

from edge.errors import UsageFault
from edge.records.clock import ClockTrust
from edge.records.fields import field_of_frame
from edge.records.reviews import (
    LABELS,
    PersonCall,
    calls_of_cell,
    newest_calls,
    notes,
    review_state,
    signatures,
)
from edge.records.rows import FINAL_VERDICTS, Conditions, Examination, State, StoredCell
from edge.records.search import UNFINISHED, Search, search
from edge.records.store import Store
from edge.reviewing import result_of
from edge.web.gallery import ALL, PAGE_CELLS, CellView, chips, sorted_views, view
from edge.web.roles import Role
from edge.web.visit import NotHere, Visit

_PICTURE_HEADERS = {"cache-control": "private, max-age=3600"}
_UM_OF_BAR = 10
_REFERENCE_UM_PER_PX = 0.2
"""Scale of crops of examinations recorded before it was written down."""
_SHOWN_PX = 128


async def show_slides(visit: Visit) -> Response:
    """The list, searched."""
    page = visit.query("page")
    number = int(page) if page.isdecimal() and page.isascii() and len(page) < 7 else 1
    slide, verdict = visit.query("slide").strip()[:64], visit.query("verdict")
    since, until = _day(visit.query("since")), _day(visit.query("until"))
    unsigned = visit.query("unsigned") == "yes"
    problem = ""
    try:
        wanted = Search(slide, verdict, since, until, unsigned)
    except UsageFault:
        wanted, problem = Search(slide), visit.texts("slides.bad_search")
    found = await visit.parts.desk.ask(lambda store: search(store, wanted, number, 30))
    return visit.page(
        "slides.html",
        clock=(await visit.parts.desk.ask(_clock_trust)).value,
        blocked=await visit.parts.desk.ask(visit.parts.is_blocked),
        now=datetime.now(UTC).strftime("%Y-%m-%d %H:%M"),
        found=found,
        wanted=wanted,
        problem=problem,
        verdicts=[*FINAL_VERDICTS, UNFINISHED],
    )


async def confirm_clock(visit: Visit) -> Response:
    """A person says that the time is right."""
    await visit.parts.desk.ask(lambda store: store.confirm_clock(visit.who))
    return visit.go("/slides")


async def show_examination(visit: Visit) -> Response:
    """One examination."""
    return await examination_page(visit)


@dataclass(frozen=True)
class Folder:
    """Everything on record about one examination that its page shows."""

    examination: Examination
    cells: list[StoredCell]
    calls: dict[int, PersonCall]
    conditions: Conditions | None


def read_folder(store: Store, number: int) -> Folder:
    """An examination with its cells and the persons' calls.

    Raises:
        RecordMissing: There is no such examination.
    """
    return Folder(
        store.examination(number),
        store.cells(number, crops=False),
        newest_calls(store, number),
        store.conditions(number),
    )


async def examination_page(
    visit: Visit, status: int = 200, problem: str = "", comment: str = ""
) -> Response:
    """The page of one examination; again with what was typed where it could not be taken."""
    number = visit.number()
    ask = visit.parts.desk.ask
    folder = await ask(lambda store: read_folder(store, number))
    wanted = visit.query("call") or ALL
    everything = sorted_views(folder.cells, folder.calls)
    views = sorted_views(folder.cells, folder.calls, wanted)
    seen_review, seen_note = await ask(lambda store: review_state(store, number))
    return visit.page(
        "examination.html",
        status,
        examination=folder.examination,
        is_running=folder.examination.state is State.RUNNING,
        reviewed=result_of(folder.cells, folder.calls, folder.conditions),
        chips=chips(everything),
        wanted=wanted,
        newest_cell=max((cell.number for cell in folder.cells), default=0),
        notes=await ask(lambda store: notes(store, number)),
        signatures=await ask(lambda store: signatures(store, number)),
        seen_review=seen_review,
        seen_note=seen_note,
        problem=problem,
        comment=comment,
        sticks=await visit.parts.stick_look.sticks() if visit.may(Role.REVIEWER) else [],
        **_scale(folder.conditions),
        **_page_of(views, 0),
    )


async def show_cells(visit: Visit) -> Response:
    """A piece of the gallery: what follows the cells on the page, or cells counted since."""
    number = visit.number()
    folder = await visit.parts.desk.ask(lambda store: read_folder(store, number))
    views = sorted_views(folder.cells, folder.calls, visit.query("call") or ALL)
    since = visit.query("since")
    if since:
        after = _whole(since)
        fresh = [v for v in views if v.number > after]
        values: dict[str, Any] = {"views": fresh, "next_from": None}
    else:
        values = _page_of(views, _whole(visit.query("from")))
    newest = max((cell.number for cell in folder.cells), default=0)
    state = folder.examination.state.value
    html = visit.html("cells.html", examination=folder.examination, **values)
    return HTMLResponse(html, headers={"x-newest": str(newest), "x-state": state})


async def show_cell(visit: Visit) -> Response:
    """One cell: its picture, both calls, and its neighbours in the field."""
    number = visit.number()
    ask = visit.parts.desk.ask
    examination, cell = await ask(lambda store: store.cell(number))
    folder = await ask(lambda store: read_folder(store, examination))
    views = sorted_views(folder.cells, folder.calls)
    place = [v.number for v in views].index(number)
    field = await ask(lambda store: field_of_frame(store, examination, cell.record.frame))
    return visit.page(
        "cell.html",
        examination=folder.examination,
        cell=view(cell, folder.calls),
        record=cell.record,
        has_picture=bool(cell.record.crop_webp),
        history=await ask(lambda store: calls_of_cell(store, number)),
        before=views[place - 1] if place else None,
        after=views[place + 1] if place + 1 < len(views) else None,
        field=field,
        neighbours=_neighbours(folder, cell) if field is not None else [],
        labels=LABELS,
        **_scale(folder.conditions),
    )


async def crop(visit: Visit) -> Response:
    """The picture of a cell."""
    number = visit.number()
    _, cell = await visit.parts.desk.ask(lambda store: store.cell(number))
    if not cell.record.crop_webp:
        raise NotHere
    return Response(cell.record.crop_webp, media_type="image/webp", headers=_PICTURE_HEADERS)


async def field_picture(visit: Visit) -> Response:
    """The picture of a field in which cells were counted."""
    number, frame = visit.number(), visit.number("frame")
    field = await visit.parts.desk.ask(lambda store: field_of_frame(store, number, frame))
    if field is None:
        raise NotHere
    return Response(field.jpeg, media_type="image/jpeg", headers=_PICTURE_HEADERS)


def _clock_trust(store: Store) -> ClockTrust:
    with store.transaction():
        return store.clock_trust()


def _neighbours(folder: Folder, cell: StoredCell) -> list[tuple[CellView, tuple[float, ...]]]:
    """The counted cells of the same frame with their boxes, pixels of the frame."""
    return [
        (view(other, folder.calls), other.record.box)
        for other in folder.cells
        if other.record.frame == cell.record.frame
    ]


def _page_of(views: list[CellView], start: int) -> dict[str, Any]:
    end = start + PAGE_CELLS
    return {"views": views[start:end], "next_from": end if end < len(views) else None}


def _scale(conditions: Conditions | None) -> dict[str, Any]:
    """The crops' scale, and how long a bar of 10 micrometres is beside them."""
    bundle = {} if conditions is None else conditions.bundle
    um_per_px = float(bundle.get("crop_um_per_px") or _REFERENCE_UM_PER_PX)
    # Crops of every size are shown as wide as the reference ones.
    shown = _SHOWN_PX / float(bundle.get("crop_size_px") or _SHOWN_PX)
    return {"bar_um": _UM_OF_BAR, "bar_px": round(_UM_OF_BAR / um_per_px * shown, 1)}


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None


def _whole(text: str) -> int:
    return int(text) if text.isdecimal() and text.isascii() and len(text) < 16 else 0
