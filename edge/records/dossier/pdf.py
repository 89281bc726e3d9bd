"""The dossier to print: a page of result, then the gallery by suspicion, then the audit."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable
from datetime import UTC, datetime

from PIL import Image

from edge.records.clock import ClockTrust
from edge.records.dossier.content import Dossier, suspicion_first, time_text
from edge.records.dossier.paper import Paper
from edge.records.dossier.words import Words
from edge.records.result import ReviewedResult
from edge.records.rows import StoredCell

MOST_CELLS = 120
"""Cells in the gallery, the most suspicious ones; the CSV has all."""

_COLUMNS = 6
_CELL_MM = 27.0
_PITCH_X_MM, _PITCH_Y_MM = 30.0, 38.0
_BAR_UM = 10.0


def dossier_pdf(dossier: Dossier, words: Words) -> bytes:
    """The dossier as PDF, A4.

    Args:
        dossier: What is told.
        words: In which language; reasons and the audit are in English, as they were recorded.
    """
    seen = dossier.examination

    def foot(page: str, pages: str) -> list[str]:
        told = words("dossier.page", n=seen.number, slide=seen.slide, page=page, pages=pages)
        return [words("page.research"), told]

    paper = Paper(words("dossier.heading", slide=seen.slide), foot, words.language)
    paper.set_creation_date(dossier.made_at)
    _result_page(paper, dossier, words)
    _gallery(paper, dossier, words)
    _audit(paper, dossier, words)
    return bytes(paper.output())


def _result_page(paper: Paper, dossier: Dossier, words: Words) -> None:
    seen, ended = dossier.examination, dossier.examination.verdict
    paper.add_page()
    paper.line_of(words("dossier.heading", slide=seen.slide), 18, True)
    paper.line_of(words("page.research"), 11, True)
    paper.ln(2)
    if ended is None:
        state = words(f"examination.{seen.state.value}")
        paper.line_of(words("dossier.no_verdict", state=state), 14, True)
    else:
        paper.line_of(words(f"state.{ended.verdict}").upper(), 18, True)
        paper.line_of(words(f"verdict.{ended.verdict}"), 12, True)
        paper.line_of(ended.reason, 10)
    paper.line_of(words(f"dossier.{seen.signoff.value}"), 10, True)
    paper.heading(words("result.machine"))
    counts = {"cells": seen.cells, "blasts": seen.blasts, "abstained": seen.abstained}
    paper.line_of(words("dossier.counts", **counts))
    if ended is not None:
        paper.line_of(share_words(ended.blast_share, ended.interval, words))
    paper.heading(words("result.person"))
    for line in reviewed_lines(dossier.reviewed, words):
        paper.line_of(line)
    for note in dossier.notes:
        paper.line_of(words("dossier.note", name=note.author, text=note.text))
    for signature in dossier.signatures:
        told = words("sign.signed", name=signature.signer, at=_minute(signature.at))
        paper.line_of(f"{told}: {signature.comment}" if signature.comment else told)
    paper.heading(words("lamps.limits"))
    for key in ("dossier.limits_cells", "lamps.limits_text", "dossier.limits_monocytic"):
        paper.line_of(words(key))
    paper.line_of(words("dossier.limits_interval"))
    paper.heading(words("dossier.judged"))
    for line in _conditions(dossier, words):
        paper.line_of(line, 8)


def share_words(share: float | None, interval: tuple[float, float] | None, words: Words) -> str:
    """The share of blasts with its interval, one sentence."""
    if share is None:
        return words("dossier.no_share")
    told = words.percent(share, 1)
    if interval is None:
        return words("dossier.share", share=told)
    low, high = (words.percent(end, 1) for end in interval)
    return words("dossier.interval", share=told, low=low, high=high)


def reviewed_lines(result: ReviewedResult, words: Words) -> list[str]:
    """The result in which a person's call goes before the network's, in words."""
    if result.reviewed + result.removed == 0:
        return [words("dossier.uncalled")]
    kinds = sorted(result.differential.items(), key=lambda kind: -kind[1])
    called = words(
        "dossier.called",
        n=result.reviewed + result.removed,
        all=result.cells + result.removed,
        changed=result.changed,
        removed=result.removed,
        not_told=result.not_told,
        blasts=result.blasts,
    )
    told = ", ".join(f"{label_words(kind, words)} {count}" for kind, count in kinds)
    return [
        called,
        share_words(result.blast_share, result.interval, words),
        f"{words('result.differential')}: {told}.",
    ]


def label_words(label: str, words: Words) -> str:
    """A label as people say it; as it is where the catalogue does not know it."""
    key = f"label.{label}"
    return words(key) if words.has(key) else label.replace("_", " ")


def _minute(moment: datetime) -> str:
    """A time to the minute, UTC."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _clock(trust: ClockTrust | None, words: Words) -> str:
    return words("dossier.clock_unknown") if trust is None else words(f"dossier.clock_{trust}")


def _conditions(dossier: Dossier, words: Words) -> Iterable[str]:
    seen, conditions = dossier.examination, dossier.conditions
    began = words("dossier.began", at=_minute(seen.started_at))
    yield f"{began} {_clock(seen.clock, words)}"
    if seen.um_per_px is None:
        yield words("dossier.no_scale", source=seen.source)
    else:
        yield words("dossier.camera", source=seen.source, scale=f"{seen.um_per_px:.4f}")
    yield words("dossier.model", name=seen.bundle_name, sha256=seen.bundle_sha256)
    if conditions is None:
        yield words("dossier.unrecorded")
    else:
        threshold = conditions.bundle.get("threshold")
        yield words("dossier.threshold", threshold=threshold, software=conditions.software)
        verdict = conditions.settings.get("verdict", {})
        told = ", ".join(f"{k} {v}" for k, v in verdict.items() if v is not None)
        yield words("dossier.settings", settings=told)
    yield dossier.control
    yield words("dossier.chain", seq=dossier.chain_seq, hash=dossier.chain_hash)
    made = words("dossier.made", at=_minute(dossier.made_at))
    yield f"{made} {_clock(dossier.made_clock, words)}"


def _gallery(paper: Paper, dossier: Dossier, words: Words) -> None:
    cells = suspicion_first(dossier)[:MOST_CELLS]
    rows = int((297 - 14 - 18 - 24) // _PITCH_Y_MM)
    for index, cell in enumerate(cells):
        place = index % (_COLUMNS * rows)
        if place == 0:
            paper.add_page()
            paper.heading(words("dossier.gallery", n=len(cells), all=len(dossier.cells)))
            _bar(paper, dossier, words)
            top = paper.get_y() + 3
        x = paper.l_margin + place % _COLUMNS * _PITCH_X_MM
        _cell(paper, dossier, cell, (x, top + place // _COLUMNS * _PITCH_Y_MM), words)


def _bar(paper: Paper, dossier: Dossier, words: Words) -> None:
    """A bar of the gallery's one scale."""
    bundle = {} if dossier.conditions is None else dossier.conditions.bundle
    size_px = float(bundle.get("crop_size_px") or 0)
    if dossier.crop_um_per_px is None or not size_px:
        paper.line_of(words("dossier.no_bar"), 8)
        return
    length = _BAR_UM / dossier.crop_um_per_px / size_px * _CELL_MM
    y = paper.get_y() + 2
    paper.set_line_width(0.8)
    paper.line(paper.l_margin, y, paper.l_margin + length, y)
    paper.set_xy(paper.l_margin + length + 2, y - 2)
    paper.line_of(words("dossier.bar", um=f"{_BAR_UM:.0f}"), 8)


def _cell(
    paper: Paper, dossier: Dossier, cell: StoredCell, at: tuple[float, float], words: Words
) -> None:
    machine, call = cell.record, dossier.calls.get(cell.number)
    picture, (x, y) = _jpeg(machine.crop_webp), at
    paper.set_line_width(0.8 if machine.blast else 0.2)
    if picture is not None:
        paper.image(picture, x, y, _CELL_MM, _CELL_MM)
    paper.rect(x, y, _CELL_MM, _CELL_MM)
    if picture is None:
        paper.label(x + 2, y + _CELL_MM / 2, words("dossier.no_picture"), 6.5)
    told = label_words("not_told" if machine.blast is None else machine.label, words)
    paper.label(x, y + _CELL_MM + 3, f"{cell.number}: {told} {machine.p_blast:.2f}", 6.5)
    if call is not None:
        paper.label(x, y + _CELL_MM + 6, f"> {label_words(call.label, words)}", 6.5, True)


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


def _audit(paper: Paper, dossier: Dossier, words: Words) -> None:
    paper.add_page()
    paper.heading(words("dossier.audit"))
    clock = _clock(dossier.examination.clock, words)
    paper.line_of(f"{words('dossier.audit_text')} {clock}", 8)
    for entry in dossier.audit:
        paper.ln(1)
        paper.line_of(f"{entry.seq}  {time_text(entry.at)}  {entry.kind}  {entry.actor}", 8, True)
        paper.line_of(json.dumps(entry.details, ensure_ascii=False), 7)
        paper.line_of(entry.hash, 6)
