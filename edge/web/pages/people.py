"""Who may come in: PINs given and taken away by an admin; the first one on the device itself."""

from __future__ import annotations

import asyncio
import socket

from starlette.responses import Response

from edge.errors import PinRefused
from edge.records.audit import EventKind
from edge.web.roles import Role, named_role
from edge.web.visit import Visit


async def show_people(visit: Visit) -> Response:
    """Everybody with a PIN; before there is one, how to set the first."""
    return _page(visit)


async def give_pin(visit: Visit) -> Response:
    """Give somebody a PIN, or a new one. The first is an admin's, and set on the device itself."""
    form, doors = visit.form, visit.parts.doors
    is_first = not doors.are_set
    word = "admin" if is_first else form.text("role")
    try:
        role = named_role(word)
    except ValueError:
        return _page(visit, 400, visit.texts("error.bad_form"))
    name, pin = form.text("name").strip() or word, form.text("pin")
    if pin != form.text("pin_again"):
        return _page(visit, 400, visit.texts("people.differ"))
    if _is_last_admin(visit, name) and role is not Role.ADMIN:
        return _page(visit, 409, visit.texts("people.last"))
    try:
        # Takes a second and much memory by intent.
        person = await asyncio.to_thread(doors.set_pin, name, role, pin)
    except PinRefused:
        return _page(visit, 400, visit.texts("people.refused"))
    await visit.note(EventKind.USER, visit.who, pin_set_for=person.name, role=person.role.word)
    if is_first:
        address = f"http://{socket.gethostname().partition('.')[0]}.local{_port(visit)}/"
        return visit.page("first_pin.html", name=person.name, address=address)
    return _page(visit, done=visit.texts("people.done", name=person.name))


async def take_pin(visit: Visit) -> Response:
    """Take somebody's PIN away; the visits begun with it end."""
    name = visit.form.text("name")
    if _is_last_admin(visit, name):
        return _page(visit, 409, visit.texts("people.last"))
    if await asyncio.to_thread(visit.parts.doors.remove, name):
        await visit.note(EventKind.USER, visit.who, pin_removed_of=name)
    return visit.go("/people")


def _is_last_admin(visit: Visit, name: str) -> bool:
    admins = [p.name for p in visit.parts.doors.people() if p.role is Role.ADMIN]
    return admins == [name]


def _port(visit: Visit) -> str:
    port = visit.request.url.port
    return "" if port in (None, 80) else f":{port}"


def _page(visit: Visit, status: int = 200, problem: str = "", done: str = "") -> Response:
    return visit.page(
        "people.html",
        status,
        people=visit.parts.doors.people(),
        roles=[role.word for role in (Role.REVIEWER, Role.VIEWER, Role.ADMIN)],
        problem=problem,
        done=done,
        name=visit.form.text("name"),
    )
