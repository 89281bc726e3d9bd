"""One request with everything a page needs to answer it: who asks, in which language, with what."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import jinja2
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response

from edge.control_day import NO_DAY, ControlDay
from edge.errors import AlreadyExamining, LeukoscopeError, RecordMissing, ReviewOutdated
from edge.records.audit import EventKind, record_event
from edge.records.store import Store
from edge.web.catalogue import LANGUAGES, Texts, chosen_language
from edge.web.control import Control
from edge.web.desk import Desk
from edge.web.doors import Doors
from edge.web.forms import Form, FormUnreadable, parse_form
from edge.web.guard import BodyTooLarge, is_this_machine
from edge.web.live import LiveView
from edge.web.roles import Role
from edge.web.sessions import Session, Sessions
from edge.web.settings import PageSettings
from edge.web.sticks import StickLook

SESSION_COOKIE = "leukoscope"
LANGUAGE_COOKIE = "language"
CSRF_FIELD = "csrf"
CSRF_HEADER = "x-csrf"
_SECRET = ("pin", "pin_again")
"""Fields that are never carried through the door."""

_log = logging.getLogger("leukoscope.page")


@dataclass(frozen=True)
class Parts:
    """What the page is made of.

    Attributes:
        settings: The page's settings.
        doors: People and PINs.
        sessions: Visits going on.
        live: Newest picture and state.
        control: Whoever runs examinations.
        desk: The records.
        texts: The catalogue, by language.
        templates: The page's templates.
        home: The data folder.
        stick_look: Says which USB sticks are plugged in.
        is_blocked: Says whether the card is nearly full with pictures that are still needed.
        control_day: Says how the daily control stands.
    """

    settings: PageSettings
    doors: Doors
    sessions: Sessions
    live: LiveView
    control: Control
    desk: Desk
    texts: Mapping[str, Texts]
    templates: jinja2.Environment
    home: Path
    stick_look: StickLook = field(default_factory=StickLook)
    is_blocked: Callable[[Store], bool] = lambda store: False
    control_day: Callable[[Store], ControlDay] = lambda store: NO_DAY


class Refusal(Exception):
    """A request that cannot be fulfilled, told in a page.

    Args:
        status: HTTP status.
        key: The text ``error.KEY`` says why, ``error.KEY_action`` what to do.
        values: What belongs into the texts.
    """

    def __init__(self, status: int, key: str, **values: object) -> None:
        super().__init__(key)
        self.status = status
        self.key = key
        self.values = values


class NotHere(Refusal):
    """There is no such thing in the records."""

    def __init__(self) -> None:
        super().__init__(404, "not_here")


@dataclass
class Visit:
    """A request and who makes it.

    Attributes:
        request: As it came.
        parts: What the page is made of.
        session: Of this browser.
        texts: In the visitor's language.
        form: What was sent; empty for a question.
        fresh: The browser does not know the session yet.
    """

    request: Request
    parts: Parts
    session: Session
    texts: Texts
    form: Form
    fresh: bool

    @property
    def who(self) -> str:
        """The visitor as written into the audit."""
        if not self.session.name:
            return "device screen"
        return f"{self.session.name} ({self.session.role.word})"

    @property
    def on_device(self) -> bool:
        """Whether the visitor sits before the device's own screen, which may have no keyboard."""
        return is_this_machine(self.request.scope)

    @property
    def path(self) -> str:
        """Path and query of the request."""
        url = self.request.url
        return url.path + (f"?{url.query}" if url.query else "")

    def may(self, role: Role) -> bool:
        """Whether the visitor has a role, or one above it."""
        return self.session.role >= role

    def number(self, name: str = "number") -> int:
        """A number in the path.

        Raises:
            NotHere: It is too large to be one of the records.
        """
        number = int(self.request.path_params[name])
        if number >= 2**63:
            raise NotHere
        return number

    def query(self, name: str) -> str:
        """A value of the query, or an empty text."""
        return self.request.query_params.get(name, "")

    def html(self, template: str, **values: Any) -> str:
        """A template in the visitor's language."""
        return self.parts.templates.get_template(template).render(
            t=self.texts,
            visit=self,
            session=self.session,
            languages=LANGUAGES,
            Role=Role,
            pins_set=self.parts.doors.are_set,
            **values,
        )

    def page(self, template: str, status: int = 200, **values: Any) -> Response:
        """A whole page."""
        return HTMLResponse(self.html(template, **values), status)

    async def note(self, kind: EventKind, actor: str, **details: Any) -> None:
        """Write something that happened into the audit; a door opens even where that fails."""
        try:
            await asyncio.to_thread(record_event, self.parts.home, kind, actor, None, **details)
        except LeukoscopeError as fault:
            _log.error("%s", fault)

    def go(self, path: str) -> Response:
        """Send the browser on; after a form so that going back does not send it again."""
        return RedirectResponse(path, 303)


Handler = Callable[[Visit], Awaitable[Response]]


def door(
    parts: Parts, handler: Handler, role: Role, quiet: bool = False, upload: bool = False
) -> Callable[[Request], Awaitable[Response]]:
    """An endpoint that lets in who may come in and turns every fault into a page.

    Args:
        parts: What the page is made of.
        handler: Answers the request.
        role: The least role that may ask.
        quiet: A program asks (a live page by itself): it gets a line instead of a page, and the
            session does not live longer for it.
        upload: A file may come with the form.
    """

    async def endpoint(request: Request) -> Response:
        visit = _visit(parts, request, use=not quiet)
        try:
            if request.method == "POST":
                visit.form = await _form(request, upload)
            response = await _answer(visit, handler, role, quiet)
        except Refusal as refusal:
            response = _refused(visit, refusal, quiet)
        except (FormUnreadable, BodyTooLarge) as error:
            large = isinstance(error, BodyTooLarge)
            unread = Refusal(413, "too_large") if large else Refusal(400, "bad_form")
            response = _refused(visit, unread, quiet)
        except LeukoscopeError as fault:
            _log.warning("%s", fault)
            response = _fault_page(visit, fault, quiet)
        if visit.fresh and not quiet:
            _give_cookie(visit, response)
        return response

    return endpoint


def own_path(path: str) -> str:
    """A path of this page to go to; the first page for anything that leads elsewhere."""
    split = urlsplit(path)
    own = path.startswith("/") and not split.scheme and not split.netloc
    plain = path.isprintable() and path.isascii() and "\\" not in path and "//" not in path
    return path if own and plain else "/"


def _visit(parts: Parts, request: Request, use: bool) -> Visit:
    session = parts.sessions.find(request.cookies.get(SESSION_COOKIE, ""), use)
    if session is not None and not _still_valid(parts, session):
        parts.sessions.end(session)
        session = None
    fresh = session is None
    if session is None:
        session = _new_session(parts, request)
    language = chosen_language(
        request.cookies.get(LANGUAGE_COOKIE, ""), request.headers.get("accept-language", "")
    )
    return Visit(request, parts, session, parts.texts[language], Form(), fresh)


def _new_session(parts: Parts, request: Request) -> Session:
    # Before any PIN is set, whoever stands before the device may do everything but sign.
    if not parts.doors.are_set and is_this_machine(request.scope):
        return parts.sessions.begin("", Role.ADMIN)
    return parts.sessions.begin()


def _still_valid(parts: Parts, session: Session) -> bool:
    """Whether the person still has the role and PIN with which the session began."""
    if session.role is Role.NOBODY:
        return parts.doors.are_set
    if not session.name:
        return not parts.doors.are_set
    person = parts.doors.person(session.name)
    return person is not None and (person.role, person.pin.salt) == (session.role, session.stamp)


async def _form(request: Request, upload: bool) -> Form:
    content_type = request.headers.get("content-type", "")
    if not upload and "multipart" in content_type:
        raise FormUnreadable("no file belongs here")
    return parse_form(content_type, await request.body())


async def _answer(visit: Visit, handler: Handler, role: Role, quiet: bool) -> Response:
    changes = visit.request.method == "POST"
    if not visit.may(role):
        if quiet:
            raise Refusal(401, "session_ended")
        return to_the_door(visit)
    if changes:
        _check_origin(visit)
        token = visit.request.headers.get(CSRF_HEADER) or visit.form.text(CSRF_FIELD)
        if not visit.session.holds(token):
            raise Refusal(403, "not_from_here")
    return await handler(visit)


def _check_origin(visit: Visit) -> None:
    """Browsers say where a form comes from; a foreign page is refused before its token is read."""
    headers = visit.request.headers
    if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise Refusal(403, "not_from_here")
    origin = headers.get("origin")
    if origin is not None and _netloc(origin) != headers.get("host", ""):
        raise Refusal(403, "not_from_here")


def _netloc(origin: str) -> str:
    """Host and port of an ``Origin`` header; empty for ``null`` and what is none."""
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return ""


def to_the_door(visit: Visit) -> Response:
    """Ask for a PIN; what a form had sent is kept in the page and can be sent again after."""
    if visit.session.role is not Role.NOBODY:
        raise Refusal(403, "not_allowed", role=visit.texts(f"role.{visit.session.role.word}"))
    if visit.request.method != "POST":
        return visit.go("/login?" + urlencode({"next": own_path(visit.path)}))
    kept = {k: v for k, v in visit.form.values.items() if k not in (CSRF_FIELD, *_SECRET)}
    return visit.page(
        "login.html",
        401,
        people=visit.parts.doors.people(),
        next=own_path(visit.request.url.path),
        kept=kept,
        wrong=False,
        minutes=0,
        ended=True,
    )


def _refused(visit: Visit, refusal: Refusal, quiet: bool) -> Response:
    said = visit.texts(f"error.{refusal.key}", **refusal.values)
    if quiet:
        return PlainTextResponse(said, refusal.status)
    action = f"error.{refusal.key}_action"
    return visit.page(
        "error.html",
        refusal.status,
        said=said,
        action=visit.texts(action) if visit.texts.has(action) else "",
    )


def _fault_page(visit: Visit, fault: LeukoscopeError, quiet: bool) -> Response:
    status = _status(fault)
    if quiet:
        return PlainTextResponse(str(fault), status)
    return visit.page("error.html", status, fault=fault)


def _status(fault: LeukoscopeError) -> int:
    """The HTTP status that says the same as a fault."""
    if isinstance(fault, RecordMissing):
        return 404
    if isinstance(fault, AlreadyExamining | ReviewOutdated):
        return 409
    return 400 if fault.exit_status == 2 else 503


def _give_cookie(visit: Visit, response: Response) -> None:
    response.set_cookie(
        SESSION_COOKIE,
        visit.session.token,
        httponly=True,
        samesite="strict",
        secure=visit.request.url.scheme == "https",
        path="/",
    )
