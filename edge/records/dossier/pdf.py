"""The dossier to print: a page of result, then the gallery by suspicion, then the audit."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable

from fpdf import FPDF
from fpdf.enums import XPos, YPos
from PIL import Image

from edge.records.dossier.content import RESEARCH_USE, Dossier, suspicion_first, time_text
from edge.records.result import ReviewedResult
from edge.records.rows import Signoff, StoredCell

MOST_CELLS = 120
"""Cells in the gallery, the most suspicious ones; the CSV has all."""

_COLUMNS = 6
_CELL_MM = 27.0
_PITCH_X_MM, _PITCH_Y_MM = 30.0, 38.0
_BAR_UM = 10.0
_DEFAULT_UM_PER_PX = 0.2

_VERDICT_WORDS = {
    "REVIEW": "REVIEW: a trained person must look at this slide.",
    "NO_BLASTS_FOUND": "NO BLASTS FOUND among the cells counted. It does not rule out disease.",
    "CANNOT_JUDGE": "CANNOT JUDGE: this is not a negative result.",
}
_SIGNOFF_WORDS = {
    Signoff.UNSIGNED: "PRELIMINARY: nobody has signed this result.",
    Signoff.SIGNED: "Signed.",
    Signoff.AMENDED: "Signed anew after a change.",
    Signoff.CHANGED: "PRELIMINARY: reviewed or noted upon after it was signed, not signed anew.",
}
_LIMITS = (
    "The result holds for the cells counted, not for the patient. Leukemias, cameras and stains "
    "that were not in the training data are untested: the model card names them (of the first "
    "model: lymphoblasts). Blasts of monocytic leukemia are often called monocytes.",
    "The interval covers the network's errors on patients it was never trained on and the number "
    "of cells; not a bad smear, a wrong label or a wrong scale.",
)


class _Paper(FPDF):
    """A4 with what every page must say."""

    def __init__(self, foot: str) -> None:
        super().__init__()
        self._foot = foot
        self.set_margins(15, 14)
        self.set_auto_page_break(True, 18)
        self.set_title("Leukoscope dossier")

    def footer(self) -> None:
        """Research use, the examination and the page number."""
        self.set_y(-14)
        self.set_font("Helvetica", size=8)
        self.cell(0, 4, RESEARCH_USE, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self.cell(0, 4, printable(f"{self._foot}   page {self.page_no()} of {{nb}}"))

    def heading(self, text: str) -> None:
        """The title of a part."""
        self.ln(2)
        self.set_font("Helvetica", "B", 11)
        self.multi_cell(0, 6, printable(text), new_x=XPos.LMARGIN, new_y=YPos.NEXT)

    def line_of(self, text: str, size: float = 9, style: str = "") -> None:
        """A paragraph."""
        self.set_font("Helvetica", style, size)
        self.multi_cell(
            0, size * 0.47, printable(text), align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT
        )


def dossier_pdf(dossier: Dossier) -> bytes:
    """The dossier as PDF, A4."""
    seen = dossier.examination
    paper = _Paper(f"examination {seen.number}, slide {seen.slide}")
    paper.set_creation_date(dossier.made_at)
    _result_page(paper, dossier)
    _gallery(paper, dossier)
    _audit(paper, dossier)
    return bytes(paper.output())


def printable(text: str) -> str:
    """A text in the letters that the PDF's own fonts have (Latin-1); others as their code point."""
    return "".join(c if c.isprintable() and ord(c) < 256 else f"<U+{ord(c):04X}>" for c in text)


def _result_page(paper: _Paper, dossier: Dossier) -> None:
    seen, ended = dossier.examination, dossier.examination.verdict
    paper.add_page()
    paper.line_of(f"Blood smear {seen.slide}", 18, "B")
    paper.line_of(RESEARCH_USE, 11, "B")
    paper.ln(2)
    if ended is None:
        paper.line_of(f"NO VERDICT: the examination is {seen.state.value.lower()}.", 14, "B")
    else:
        paper.line_of(_VERDICT_WORDS[ended.verdict], 14, "B")
        paper.line_of(ended.reason, 10)
    paper.line_of(_SIGNOFF_WORDS[seen.signoff], 10, "B")
    paper.heading("The network's result")
    paper.line_of(
        f"{seen.cells} white cells counted, {seen.blasts} flagged, {seen.abstained} not judged."
    )
    if ended is not None:
        paper.line_of(share_words(ended.blast_share, ended.interval))
    paper.heading("With persons' calls")
    for line in reviewed_lines(dossier.reviewed):
        paper.line_of(line)
    for note in dossier.notes:
        paper.line_of(f"Note of {note.author}: {note.text}")
    for signature in dossier.signatures:
        said = f": {signature.comment}" if signature.comment else "."
        paper.line_of(f"Signed by {signature.signer}, {time_text(signature.at)}{said}")
    paper.heading("Limits")
    for limit in _LIMITS:
        paper.line_of(limit)
    paper.heading("How it was judged")
    for line in _conditions(dossier):
        paper.line_of(line, 8)


def share_words(share: float | None, interval: tuple[float, float] | None) -> str:
    """The share of blasts with its interval, one sentence."""
    if share is None:
        return "No share of blasts can be computed."
    told = f"Share of blasts, corrected for the network's errors: {100 * share:.1f}%"
    if interval is None:
        return f"{told}."
    return f"{told} (interval {100 * interval[0]:.1f}% to {100 * interval[1]:.1f}%)."


def reviewed_lines(result: ReviewedResult) -> list[str]:
    """The result in which a person's call goes before the network's, in words."""
    if result.reviewed + result.removed == 0:
        return ["No person has called a cell."]
    kinds = sorted(result.differential.items(), key=lambda kind: -kind[1])
    return [
        f"{result.reviewed} of {result.cells} cells called by a person, {result.changed} otherwise "
        f"than by the network; {result.removed} taken out of the count, {result.not_told} not "
        f"judged by anybody. {result.blasts} count as blasts.",
        share_words(result.blast_share, result.interval),
        "Differential: " + ", ".join(f"{k.replace('_', ' ')} {n}" for k, n in kinds) + ".",
    ]


def _conditions(dossier: Dossier) -> Iterable[str]:
    seen, conditions = dossier.examination, dossier.conditions
    yield f"Began {time_text(seen.started_at)}. {dossier.clock_words}"
    scale = "unknown" if seen.um_per_px is None else f"{seen.um_per_px:.4f} um per pixel"
    yield f"Camera {seen.source}; scale {scale}."
    yield f"Model {seen.bundle_name}, SHA-256 {seen.bundle_sha256}."
    if conditions is None:
        yield "Thresholds and settings were not recorded."
    else:
        yield f"Threshold per cell {conditions.bundle.get('threshold')}; {conditions.software}."
        verdict = conditions.settings.get("verdict", {})
        yield "Verdict: " + ", ".join(f"{k} {v}" for k, v in verdict.items() if v is not None) + "."
    yield dossier.control
    yield f"Chain of records: entry {dossier.chain_seq}, {dossier.chain_hash}."
    yield f"This dossier was made {time_text(dossier.made_at)}. {dossier.made_clock.words}"


def _gallery(paper: _Paper, dossier: Dossier) -> None:
    cells = suspicion_first(dossier)[:MOST_CELLS]
    rows = int((297 - 14 - 18 - 24) // _PITCH_Y_MM)
    for index, cell in enumerate(cells):
        place = index % (_COLUMNS * rows)
        if place == 0:
            paper.add_page()
            paper.heading(f"The {len(cells)} most suspicious of {len(dossier.cells)} cells")
            _bar(paper, dossier)
            top = paper.get_y() + 3
        x = paper.l_margin + place % _COLUMNS * _PITCH_X_MM
        _cell(paper, dossier, cell, x, top + place // _COLUMNS * _PITCH_Y_MM)


def _bar(paper: _Paper, dossier: Dossier) -> None:
    """A bar of the gallery's one scale."""
    bundle = {} if dossier.conditions is None else dossier.conditions.bundle
    size_px = float(bundle.get("crop_size_px") or 0)
    if dossier.crop_um_per_px is None or not size_px:
        paper.line_of("The scale of these pictures was not recorded.", 8)
        return
    length = _BAR_UM / dossier.crop_um_per_px / size_px * _CELL_MM
    y = paper.get_y() + 2
    paper.set_line_width(0.8)
    paper.line(paper.l_margin, y, paper.l_margin + length, y)
    paper.set_xy(paper.l_margin + length + 2, y - 2)
    paper.line_of(f"{_BAR_UM:.0f} um; the network's call with p(blast), below it the person's", 8)


def _cell(paper: _Paper, dossier: Dossier, cell: StoredCell, x: float, y: float) -> None:
    machine, call = cell.record, dossier.calls.get(cell.number)
    picture = _jpeg(machine.crop_webp)
    paper.set_line_width(0.8 if machine.blast else 0.2)
    if picture is not None:
        paper.image(picture, x, y, _CELL_MM, _CELL_MM)
    paper.rect(x, y, _CELL_MM, _CELL_MM)
    paper.set_font("Helvetica", size=6.5)
    if picture is None:
        paper.text(x + 2, y + _CELL_MM / 2, "no picture")
    told = "?" if machine.blast is None else machine.label.replace("_", " ")
    paper.text(x, y + _CELL_MM + 3, printable(f"{cell.number}: {told} {machine.p_blast:.2f}"))
    if call is not None:
        paper.set_font("Helvetica", "B", 6.5)
        paper.text(x, y + _CELL_MM + 6, printable(f"> {call.label.replace('_', ' ')}"))


def _jpeg(webp: bytes) -> io.BytesIO | None:
    """A stored picture as JPEG, which PDF holds as it is; None where it was deleted or damaged."""
    out = io.BytesIO()
    try:
        with Image.open(io.BytesIO(webp), formats=("WEBP",)) as picture:
            picture.convert("RGB").save(out, "JPEG", quality=90)
    except (OSError, ValueError):
        return None
    out.seek(0)
    return out


def _audit(paper: _Paper, dossier: Dossier) -> None:
    paper.add_page()
    paper.heading("Audit of this examination, as far as this export")
    paper.line_of(f"Times are UTC. {dossier.clock_words} Entries are bound by their hashes.", 8)
    for entry in dossier.audit:
        paper.ln(1)
        paper.line_of(f"{entry.seq}  {time_text(entry.at)}  {entry.kind}  by {entry.actor}", 8, "B")
        paper.line_of(json.dumps(entry.details, ensure_ascii=False), 7)
        paper.line_of(entry.hash, 6)
