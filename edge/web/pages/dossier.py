"""The dossier of an examination: as a file for the browser, or on a stick in the device."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from starlette.responses import HTMLResponse, Response, StreamingResponse

from edge.exporting import Exported, export_examination, make_export
from edge.records.dossier.archive import ARCHIVE_SUFFIX, archive_pieces
from edge.records.sticks import Stick
from edge.web.visit import Refusal, Visit

ARCHIVE = "zip"
"""All forms and the manifest in one file, which is what a phone can take."""
TO_READ = "pdf"


async def download(visit: Visit) -> Response:
    """The dossier; this device's audit holds the hashes, for `leukoscope verify`."""
    number, form = visit.number(), visit.form.text("format")
    if form == ARCHIVE:
        name, pieces = await asyncio.to_thread(_archive, visit, number)
        headers = _attached(name)
        return StreamingResponse(pieces, media_type="application/zip", headers=headers)
    if form == TO_READ:
        name, content = await asyncio.to_thread(_to_read, visit, number)
        return Response(content, media_type="application/pdf", headers=_attached(name))
    raise Refusal(400, "bad_form")


async def show_sticks(visit: Visit) -> Response:
    """The sticks plugged in, as a piece of an examination's page."""
    sticks = await visit.parts.stick_look.sticks()
    return HTMLResponse(visit.html("sticks.html", number=visit.number(), sticks=sticks))


async def write_to_stick(visit: Visit) -> Response:
    """Write all forms and the manifest on a stick, and say when it may be pulled out."""
    number, wanted = visit.number(), visit.form.text("stick")
    sticks = await visit.parts.stick_look.sticks()
    named = [stick for stick in sticks if stick.name == wanted]
    if not named:
        raise Refusal(409, "no_stick")
    exported = await asyncio.to_thread(_written, visit, number, named[0])
    names = [path.name for path in (*exported.files, exported.manifest)]
    return visit.page("exported.html", number=number, stick=named[0], names=names)


def _archive(visit: Visit, number: int) -> tuple[str, Iterator[bytes]]:
    """Name and pieces; the audit knows of it before the first piece leaves."""
    export = make_export(visit.parts.home, number, words=visit.texts)
    export.record(visit.parts.home, visit.who)
    pieces = archive_pieces(export.everything, export.made_at)
    return export.stem + ARCHIVE_SUFFIX, pieces


def _to_read(visit: Visit, number: int) -> tuple[str, bytes]:
    export = make_export(visit.parts.home, number, (TO_READ,), visit.texts)
    export.record(visit.parts.home, visit.who)
    [(name, content)] = export.files.items()
    return name, content


def _written(visit: Visit, number: int, stick: Stick) -> Exported:
    stick.check()
    # Checked again at the end: the folder below a stick that is pulled out takes files as well.
    return export_examination(
        visit.parts.home,
        number,
        stick.folder,
        actor=visit.who,
        check=stick.check,
        words=visit.texts,
    )


def _attached(name: str) -> dict[str, str]:
    safe = quote(Path(name).name, safe="")
    return {"content-disposition": f"attachment; filename*=UTF-8''{safe}"}
