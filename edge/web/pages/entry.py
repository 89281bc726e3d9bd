"""Coming in, going out, and choosing a language."""

from __future__ import annotations

import asyncio
from math import ceil

from starlette.responses import Response

from edge.records.audit import EventKind
from edge.web.catalogue import LANGUAGES
from edge.web.doors import Entry, Side
from edge.web.guard import is_this_machine
from edge.web.pins import MOST_CHARACTERS
from edge.web.visit import CSRF_FIELD, LANGUAGE_COOKIE, Refusal, Visit, own_path

_YEAR_S = 365 * 24 * 3600
_NOT_KEPT = (CSRF_FIELD, "pin", "pin_again", "name", "next", "kept_next")


async def show_login(visit: Visit) -> Response:
    """The door."""
    return _login_page(visit)


async def login(visit: Visit) -> Response:
    """Try a PIN; the session that comes of it has a new token."""
    entry = await try_pin(visit, visit.form.text("name"), visit.form.text("pin"))
    if entry.person is None:
        return _login_page(visit, entry, status=401)
    parts = visit.parts
    parts.sessions.end(visit.session)
    person = entry.person
    visit.session = parts.sessions.begin(person.name, person.role, person.pin.salt)
    visit.fresh = True
    await visit.note(EventKind.LOGIN, person.name, role=person.role.word)
    target = own_path(visit.form.text("next"))
    if kept := _kept(visit):
        return visit.page("again.html", next=target, kept=kept)
    return visit.go(target)


async def logout(visit: Visit) -> Response:
    """End the session."""
    visit.parts.sessions.end(visit.session)
    return visit.go("/")


async def set_language(visit: Visit) -> Response:
    """Remember the language chosen by hand."""
    language = visit.form.text("language")
    response = visit.go(own_path(visit.form.text("next")))
    if language in LANGUAGES:
        response.set_cookie(
            LANGUAGE_COOKIE, language, max_age=_YEAR_S, httponly=True, samesite="strict", path="/"
        )
    return response


async def try_pin(visit: Visit, name: str, pin: str) -> Entry:
    """Try a person's PIN in a thread of its own: it takes time and memory by intent."""
    side: Side = "device" if is_this_machine(visit.request.scope) else "network"
    if not name or not pin or len(name) > 64 or len(pin) > MOST_CHARACTERS:
        return Entry(None)
    entry = await asyncio.to_thread(visit.parts.doors.enter, name, pin, side)
    if entry.just_locked:
        await visit.note(EventKind.LOGIN_LOCKED, name, side=side, seconds=round(entry.locked_s))
    return entry


def refuse_wrong(entry: Entry) -> None:
    """Say that a PIN was wrong.

    Raises:
        Refusal: It was.
    """
    if entry.person is None:
        if entry.locked_s > 0:
            raise Refusal(401, "locked", minutes=ceil(entry.locked_s / 60))
        raise Refusal(401, "wrong_pin")


def _login_page(visit: Visit, entry: Entry | None = None, status: int = 200) -> Response:
    minutes = ceil(entry.locked_s / 60) if entry is not None else 0
    return visit.page(
        "login.html",
        status,
        people=visit.parts.doors.people(),
        next=own_path(visit.form.text("next") or visit.query("next")),
        kept=_kept(visit),
        wrong=entry is not None and not minutes,
        minutes=minutes,
        name=visit.form.text("name"),
        ended=False,
    )


def _kept(visit: Visit) -> dict[str, str]:
    """What a form had sent before the session ended, carried through the door."""
    return {
        key.removeprefix("kept:"): value
        for key, value in visit.form.values.items()
        if key.startswith("kept:") and key.removeprefix("kept:") not in _NOT_KEPT
    }
