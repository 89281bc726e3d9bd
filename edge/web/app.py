"""The page put together: which address is answered by what, and who may ask."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from importlib.resources import files

import jinja2
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from edge.signals.indicator import Indicator
from edge.web.forms import MAX_FORM_BYTES
from edge.web.guard import Guard, own_names
from edge.web.pages import audit, control, dossier, entry, live, people, records, review
from edge.web.roles import Role
from edge.web.visit import Handler, NotHere, Parts, Visit, door

_STATIC = {
    "page.css": "text/css; charset=utf-8",
    "page.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
}
_UPLOADS = ("/slide/barcode",)
_log = logging.getLogger("leukoscope.page")


def build_app(parts: Parts) -> ASGIApp:
    """The page as an ASGI application, guard and all."""
    app = Starlette(
        routes=_routes(parts),
        exception_handlers={HTTPException: _no_such_page(parts), Exception: _broken},
    )
    return Guard(
        app,
        own_names(parts.settings.host_names()),
        lambda: parts.doors.are_set,
        lambda path: parts.settings.upload_bytes if path in _UPLOADS else MAX_FORM_BYTES,
    )


def build_templates(share_limit: float) -> jinja2.Environment:
    """The templates; everything put into them is escaped, and a missing value is an error.

    Args:
        share_limit: Smallest share of blasts that must not be missed, for the meter.
    """
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("edge.web", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.do"],
    )
    environment.globals["share_limit"] = share_limit
    return environment


def addresses() -> list[Route]:
    """Every address of the page, for whoever wants to try them all; they answer nothing."""
    return _routes(None)  # type: ignore[arg-type]


def _routes(parts: Parts) -> list[Route]:
    def ask(path: str, handler: Handler, role: Role, quiet: bool = False) -> Route:
        return Route(path, door(parts, handler, role, quiet), methods=["GET"])

    def do(path: str, handler: Handler, role: Role, upload: bool = False) -> Route:
        return Route(path, door(parts, handler, role, upload=upload), methods=["POST"])

    return [
        ask("/", live.show_live, Role.VIEWER),
        ask("/live.jpg", live.picture, Role.VIEWER, quiet=True),
        ask("/live/status", live.status, Role.VIEWER, quiet=True),
        do("/examination/start", live.start, Role.REVIEWER),
        do("/examination/end", live.end, Role.REVIEWER),
        ask("/control", control.show_control, Role.VIEWER),
        do("/control/start", live.start_control, Role.REVIEWER),
        do("/slide/barcode", live.barcode, Role.REVIEWER, upload=True),
        ask("/slides", records.show_slides, Role.VIEWER),
        do("/clock", records.confirm_clock, Role.REVIEWER),
        ask("/slides/{number:int}", records.show_examination, Role.VIEWER),
        ask("/slides/{number:int}/cells", records.show_cells, Role.VIEWER, quiet=True),
        ask("/cells/{number:int}", records.show_cell, Role.VIEWER),
        ask("/crops/{number:int}", records.crop, Role.VIEWER, quiet=True),
        ask("/fields/{number:int}/{frame:int}", records.field_picture, Role.VIEWER, quiet=True),
        do("/cells/{number:int}/call", review.call, Role.REVIEWER),
        do("/slides/{number:int}/note", review.note, Role.REVIEWER),
        do("/slides/{number:int}/sign", review.signature, Role.REVIEWER),
        do("/slides/{number:int}/download", dossier.download, Role.REVIEWER),
        ask("/slides/{number:int}/sticks", dossier.show_sticks, Role.REVIEWER, quiet=True),
        do("/slides/{number:int}/stick", dossier.write_to_stick, Role.REVIEWER),
        ask("/audit", audit.show_audit, Role.ADMIN),
        do("/audit", audit.check_chain, Role.ADMIN),
        ask("/people", people.show_people, Role.ADMIN),
        do("/people", people.give_pin, Role.ADMIN),
        do("/people/remove", people.take_pin, Role.ADMIN),
        ask("/lamps", _lamps, Role.NOBODY),
        ask("/login", entry.show_login, Role.NOBODY),
        do("/login", entry.login, Role.NOBODY),
        do("/logout", entry.logout, Role.NOBODY),
        do("/language", entry.set_language, Role.NOBODY),
        Route("/static/{name}", _static(), methods=["GET"]),
    ]


async def _lamps(visit: Visit) -> Response:
    return visit.page("lamps.html", states=[indicator.value for indicator in Indicator])


def _static() -> Callable[[Request], Response]:
    """The page's own files, read once; a name that is not among them is not here."""
    folder = files("edge.web").joinpath("static")
    contents = {name: folder.joinpath(name).read_bytes() for name in _STATIC}

    def answer(request: Request) -> Response:
        name = request.path_params["name"]
        if name not in contents:
            raise HTTPException(404)
        # A new version of the program is seen at once; the files are small.
        headers = {"cache-control": "no-cache"}
        return Response(contents[name], media_type=_STATIC[name], headers=headers)

    return answer


def _no_such_page(parts: Parts) -> Callable[[Request, Exception], Awaitable[Response]]:
    async def refuse(_: Visit) -> Response:
        raise NotHere

    page = door(parts, refuse, Role.NOBODY)

    async def handler(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        if error.status_code != 404 or request.method != "GET":
            return PlainTextResponse(error.detail, error.status_code, error.headers)
        return await page(request)

    return handler


def _broken(request: Request, error: Exception) -> Response:
    """Nobody foresaw this; the journal has the details, the visitor needs none of them."""
    _log.error("the page broke at %s", request.url.path, exc_info=error)
    return PlainTextResponse("The page failed. The examination goes on. Load the page again.", 500)
