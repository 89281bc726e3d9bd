"""The audit: everything that happened, newest first, and the proof that nothing was changed."""

from __future__ import annotations

from starlette.responses import Response

from edge.records.audit import audit
from edge.web.visit import Visit

_SHOWN = 100


async def show_audit(visit: Visit) -> Response:
    """A page of the audit."""
    text = visit.query("before")
    before = int(text) if text.isdecimal() and text.isascii() and len(text) < 16 else None
    entries = await visit.parts.desk.ask(lambda store: audit(store, before=before, limit=_SHOWN))
    return visit.page("audit.html", entries=entries, more=len(entries) == _SHOWN, report=None)


async def check_chain(visit: Visit) -> Response:
    """Walk along the whole chain and say whether it is whole."""
    report = await visit.parts.desk.ask(lambda store: store.inspect_chain())
    entries = await visit.parts.desk.ask(lambda store: audit(store, limit=_SHOWN))
    return visit.page("audit.html", entries=entries, more=len(entries) == _SHOWN, report=report)
