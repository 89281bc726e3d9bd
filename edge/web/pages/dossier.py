"""The dossier of an examination as a file for the browser."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from urllib.parse import quote

from starlette.responses import Response

from edge.exporting import FORMS, export_examination
from edge.web.visit import Refusal, Visit

_TYPES = {
    ".pdf": "application/pdf",
    ".csv": "text/csv; charset=utf-8",
    ".json": "application/fhir+json",
}


async def download(visit: Visit) -> Response:
    """One form of the dossier; this device's audit holds its hash, for `leukoscope verify`."""
    number, form = visit.number(), visit.form.text("format")
    if form not in FORMS:
        raise Refusal(400, "bad_form")
    name, content = await asyncio.to_thread(_made, visit, number, form)
    headers = {"content-disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}"}
    return Response(content, media_type=_TYPES[Path(name).suffix], headers=headers)


def _made(visit: Visit, number: int, form: str) -> tuple[str, bytes]:
    """Name and bytes of a file."""
    with tempfile.TemporaryDirectory(prefix="leukoscope-") as folder:
        home = visit.parts.home
        exported = export_examination(home, number, Path(folder), (form,), actor=visit.who)
        return exported.files[0].name, exported.files[0].read_bytes()
