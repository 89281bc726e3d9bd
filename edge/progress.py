"""An examination on a terminal: one line that grows, and its outcome in words."""

from __future__ import annotations

from typing import TextIO

from edge.screening import Outcome, Step

_LINE_WIDTH = 110
_CELLS_BETWEEN_LINES = 20


class Progress:
    """Shows steps: rewritten in place on a terminal, a line now and then elsewhere."""

    def __init__(self, stream: TextIO, quiet: bool = False) -> None:
        self._stream = stream
        self._quiet = quiet
        self._in_place = stream.isatty()
        self._cells_said = 0

    def show(self, step: Step) -> None:
        """Show one step."""
        if self._quiet:
            return
        if self._in_place:
            self._stream.write("\r" + step_line(step)[:_LINE_WIDTH].ljust(_LINE_WIDTH))
            self._stream.flush()
        elif step.tally.seen >= self._cells_said + _CELLS_BETWEEN_LINES:
            self._cells_said = step.tally.seen
            self._stream.write(step_line(step) + "\n")

    def note(self, text: str) -> None:
        """Say something on a line of its own."""
        if self._quiet:
            return
        if self._in_place:
            self._stream.write("\r" + text.ljust(_LINE_WIDTH) + "\n")
        else:
            self._stream.write(text + "\n")

    def end(self) -> None:
        """Leave the last line standing."""
        if self._in_place and not self._quiet:
            self._stream.write("\n")


def step_line(step: Step) -> str:
    """One step in a line."""
    tally = step.tally
    line = f"frame {step.frame.number:4d}  cells {tally.seen:4d}  like blasts {tally.blasts:3d}"
    if step.judgement.cells_needed is not None:
        line += f"  needed {step.judgement.cells_needed:4d}"
    low, high = step.judgement.interval
    line += f"  share {step.judgement.blast_share:4.0%} ({low:.0%}-{high:.0%})"
    return f"{line}  {step.advice}" if step.advice else line


def outcome_lines(outcome: Outcome) -> list[str]:
    """The outcome for a person to read."""
    low, high = outcome.interval
    scale = "not measured" if outcome.um_per_px is None else f"{outcome.um_per_px:.3f} um/px"
    blurred = f", {outcome.blurred} seen only blurred" if outcome.blurred else ""
    return [
        f"Slide {outcome.slide}: {outcome.verdict.replace('_', ' ')}",
        f"  {outcome.reason}",
        f"  {outcome.cells} white cells, {outcome.blasts} like blasts, "
        f"{outcome.abstained} not told{blurred}; blast share {outcome.blast_share:.1%} "
        f"(95% interval {low:.1%} to {high:.1%})",
        f"  {outcome.frames} frames ({outcome.usable_frames} usable) in {outcome.seconds:.1f} s, "
        f"scale {scale}, model {outcome.bundle}, examination {outcome.examination}",
    ]
