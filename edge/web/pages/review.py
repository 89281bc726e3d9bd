"""A trained person's word: calls, notes and the signature under them."""

from __future__ import annotations

from math import ceil

from starlette.responses import HTMLResponse, Response

from edge.records.reviews import NOT_COUNTED, add_note, newest_calls, review_cell, sign
from edge.records.store import Store
from edge.reviewing import reviewed_result
from edge.web.gallery import CellView, view
from edge.web.pages.entry import try_pin
from edge.web.pages.records import examination_page
from edge.web.visit import Refusal, Visit, own_path

CONFIRM = "confirm"
"""Sent in place of a label: the network's own."""


async def call(visit: Visit) -> Response:
    """Take a person's call for a cell."""
    number, reviewer = visit.number(), _signer(visit)
    label, note = visit.form.text("label"), visit.form.text("note")
    seen = visit.form.text("seen")
    newest = int(seen) if seen.isdecimal() and seen.isascii() and len(seen) < 16 else None
    cell = await visit.parts.desk.ask(
        lambda store: _review(store, number, label, reviewer, newest, note)
    )
    if visit.request.headers.get("x-piece") == "yes":
        return HTMLResponse(visit.html("cells.html", views=[cell], next_from=None))
    return visit.go(own_path(visit.form.text("next") or f"/cells/{number}"))


async def note(visit: Visit) -> Response:
    """Keep a person's words on an examination."""
    number, author, text = visit.number(), _signer(visit), visit.form.text("note")
    await visit.parts.desk.ask(lambda store: add_note(store, number, text, author))
    return visit.go(f"/slides/{number}")


async def signature(visit: Visit) -> Response:
    """Sign the reviewed result with name and PIN."""
    number, signer = visit.number(), _signer(visit)
    comment = visit.form.text("comment")
    entry = await try_pin(visit, signer, visit.form.text("pin"))
    if entry.person is None:
        minutes = ceil(entry.locked_s / 60)
        said = (
            visit.texts("error.locked", minutes=minutes)
            if minutes
            else visit.texts("error.wrong_pin")
        )
        return await examination_page(visit, 401, said, comment)
    seen = (_number(visit, "seen_review"), _number(visit, "seen_note"))

    def put_name(store: Store) -> None:
        result = reviewed_result(store, number).as_json()
        sign(store, number, signer, result, seen, comment)

    await visit.parts.desk.ask(put_name)
    return visit.go(f"/slides/{number}#signed")


def _review(
    store: Store, number: int, label: str, reviewer: str, seen: int | None, note: str
) -> CellView:
    examination, cell = store.cell(number)
    conditions = store.conditions(examination)
    # Without a record of them the words themselves say which are blasts.
    known = ("blast", "promyelocyte") if conditions is None else conditions.bundle["blast_labels"]
    label = cell.record.label if label == CONFIRM else label
    blast = None if label in NOT_COUNTED else label in known
    review_cell(store, number, label, blast, reviewer, seen, note)
    return view(cell, newest_calls(store, examination))


def _signer(visit: Visit) -> str:
    """Who gives their word: nobody can before PINs are set.

    Raises:
        Refusal: The visitor has no name.
    """
    if not visit.session.name:
        raise Refusal(403, "no_name")
    return visit.session.name


def _number(visit: Visit, name: str) -> int:
    text = visit.form.text(name)
    return int(text) if text.isdecimal() and text.isascii() and len(text) < 16 else 0
