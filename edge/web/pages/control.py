"""The daily control: how it stands today, and its chart after Levey and Jennings."""

from __future__ import annotations

from starlette.responses import Response

from edge.levey_jennings import phone_panel_svg
from edge.web.control import Phase
from edge.web.visit import Visit

_MOST_SLIDES = 4
_MOST_RUNS = 28
"""Listed below a chart: those that a chart as wide as a phone shows."""


async def show_control(visit: Visit) -> Response:
    """The page of the control."""
    day = await visit.parts.desk.ask(visit.parts.control_day)
    phase = visit.parts.live.progress.phase
    return visit.page(
        "control.html",
        day=day,
        shown=day.slides[:_MOST_SLIDES],
        going_on=phase in (Phase.STARTING, Phase.COUNTING),
        panel=phone_panel_svg,
        most_runs=_MOST_RUNS,
    )
