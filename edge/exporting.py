"""An examination leaves the device: collected, written in its forms, listed, put into the audit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from edge.errors import ExportUnwritable, LeukoscopeError, RecordMissing, UsageFault
from edge.records.audit import EventKind, audit, chain_head, record_event
from edge.records.controls import control_runs
from edge.records.database import DEVICE
from edge.records.dossier.cells_csv import cells_csv
from edge.records.dossier.content import Dossier
from edge.records.dossier.fhir import fhir_bundle
from edge.records.dossier.manifest import SUFFIX, Manifest, sha256
from edge.records.dossier.safe_files import files_aside
from edge.records.dossier.words import Words
from edge.records.reviews import newest_calls, notes, review_state, signatures
from edge.records.rows import State, utc_text
from edge.records.search import examinations_of
from edge.records.store import Store
from edge.reviewing import result_of
from edge.web.catalogue import FIRST_LANGUAGE, load_texts


def _pdf(dossier: Dossier, words: Words) -> bytes:
    """The only form that needs a package of its own, so the others work without it."""
    try:
        from edge.records.dossier.pdf import dossier_pdf
    except ModuleNotFoundError as error:
        raise UsageFault(
            f"The package {error.name} is not installed.", "Use --format csv,fhir, or install it."
        ) from error
    return dossier_pdf(dossier, words)


FORMS: dict[str, tuple[str, Callable[[Dossier, Words], bytes]]] = {
    "csv": (".cells.csv", lambda dossier, words: cells_csv(dossier)),
    "fhir": (".fhir.json", lambda dossier, words: fhir_bundle(dossier)),
    "pdf": (".pdf", _pdf),
}
"""By the word of a form: the end of its file's name, and what writes it."""

_MOST_AUDIT = 5000
_TRIES = 10


@dataclass(frozen=True)
class Exported:
    """What was written: the files of the dossier, and the manifest that proves them."""

    files: list[Path]
    manifest: Path


@dataclass(frozen=True)
class Export:
    """A dossier in its forms, as the audit will know it.

    Attributes:
        examination: Its number.
        stem: What every name begins with; it holds the hash of the chain's head.
        files: Content by name.
        manifest: The manifest's name.
        listed: Its content.
        made_at: When it was collected, UTC.
    """

    examination: int
    stem: str
    files: dict[str, bytes]
    manifest: str
    listed: bytes
    made_at: datetime

    @property
    def everything(self) -> dict[str, bytes]:
        """The files and the manifest, by name."""
        return {**self.files, self.manifest: self.listed}

    def record(self, home: Path, actor: str) -> None:
        """Put the event EXPORT with the hash of every file into the audit.

        Raises:
            DiskFull, StoreUnwritable, StoreDamaged, StoreTooNew: The records could not be used.
        """
        record_event(
            home,
            EventKind.EXPORT,
            actor,
            self.examination,
            files={name: sha256(content) for name, content in self.files.items()},
            manifest={self.manifest: sha256(self.listed)},
        )


def export_examination(
    home: Path,
    examination: int,
    folder: Path,
    formats: Sequence[str] = tuple(FORMS),
    actor: str = DEVICE,
    check: Callable[[], None] = lambda: None,
    words: Words | None = None,
) -> Exported:
    """Write the dossier of an examination into a folder; all files or none.

    The names hold the hash of the chain's head, so that no export overwrites another. The event
    EXPORT with the hash of every file is in the audit before any file has its final name.

    Args:
        home: The data folder.
        examination: Its number.
        folder: Where to; it must be there.
        formats: Words of `FORMS`.
        actor: Who exports.
        check: Called when everything is written and nothing has its final name yet; what it
            raises ends the export.
        words: Texts of the PDF; None for English.

    Raises:
        UsageFault: An unknown format, or an examination that still runs.
        RecordMissing: There is no such examination.
        ExportFull, ExportUnwritable: The files could not be written; nothing is left of them.
        DiskFull, StoreUnwritable, StoreDamaged, StoreTooNew: The records could not be used.
    """
    _check_formats(formats)
    if not folder.is_dir():
        raise ExportUnwritable(f"There is no folder {folder}; nothing was exported.")
    export = make_export(home, examination, formats, words)
    try:
        with files_aside(folder, export.everything):
            check()
            export.record(home, actor)
    except LeukoscopeError as fault:
        # The records may be what failed: then the fault itself is all that can be said.
        with suppress(LeukoscopeError):
            record_event(home, EventKind.EXPORT_FAILED, actor, examination, fault=fault.number)
        raise
    return Exported([folder / name for name in export.files], folder / export.manifest)


def make_export(
    home: Path,
    examination: int,
    formats: Sequence[str] = tuple(FORMS),
    words: Words | None = None,
) -> Export:
    """The dossier of an examination in its forms; whoever lets it out calls ``record`` first.

    Args:
        home: The data folder.
        examination: Its number.
        formats: Words of `FORMS`.
        words: Texts of the PDF; None for English.

    Raises:
        UsageFault: An unknown format, or an examination that still runs.
        RecordMissing: There is no such examination.
        DiskFull, StoreUnwritable, StoreDamaged, StoreTooNew: The records could not be used.
    """
    _check_formats(formats)
    with Store.open_to_read(home) as store:
        store.examination(examination)  # or nothing is to be made in the data folder
    with Store.open(home) as store:
        dossier = collect(store, examination)
    stem = _stem(dossier)
    said = words or load_texts()[FIRST_LANGUAGE]
    files = {
        stem + FORMS[word][0]: FORMS[word][1](dossier, said) for word in dict.fromkeys(formats)
    }
    hashes = {name: sha256(content) for name, content in files.items()}
    listed = _manifest(dossier, hashes).as_bytes()
    return Export(examination, stem, files, stem + SUFFIX, listed, dossier.made_at)


def _check_formats(formats: Sequence[str]) -> None:
    wrong = [word for word in formats if word not in FORMS]
    if wrong or not formats:
        known = ", ".join(FORMS)
        raise UsageFault(
            f"{', '.join(wrong) or 'Nothing'} is no form of a dossier.", f"Use {known}."
        )


def newest_of_slide(home: Path, slide: str) -> int:
    """The number of the newest examination of a slide.

    Raises:
        RecordMissing: There is none.
    """
    with Store.open_to_read(home) as store:
        found = examinations_of(store, slide)
    if not found:
        raise RecordMissing(f"There is no examination of slide {slide[:80]!a} on record.")
    return found[-1].number


def collect(store: Store, examination: int) -> Dossier:
    """All that the dossier of an examination tells, of one moment.

    Raises:
        RecordMissing: There is no such examination.
        UsageFault: It still runs, or is being reviewed faster than it can be read.
    """
    for _ in range(_TRIES):
        before = (store.examination(examination), review_state(store, examination))
        if before[0].state is State.RUNNING:
            raise UsageFault(
                f"Examination {examination} still runs.", "Export it when it has ended."
            )
        dossier = _collected(store, examination)
        if before == (store.examination(examination), review_state(store, examination)):
            return dossier
    raise UsageFault(f"Examination {examination} is being reviewed just now.", "Try again.")


def _collected(store: Store, number: int) -> Dossier:
    cells, calls = store.cells(number), newest_calls(store, number)
    conditions = store.conditions(number)
    with store.transaction():
        trust = store.clock_trust()
    seq, head = chain_head(store)
    return Dossier(
        examination=store.examination(number),
        cells=tuple(cells),
        calls=calls,
        reviewed=result_of(cells, calls, conditions),
        conditions=conditions,
        notes=tuple(notes(store, number)),
        signatures=tuple(signatures(store, number)),
        audit=tuple(reversed(audit(store, number, limit=_MOST_AUDIT))),
        control=_control(store),
        chain_seq=seq,
        chain_hash=head,
        made_at=store.clock.read().now,
        made_clock=trust,
    )


def _control(store: Store) -> str:
    runs = control_runs(store)
    if not runs:
        return "No control slide is on record."
    last = runs[-1]
    passed = "was passed" if last.run.passed else "was not passed"
    return (
        f"The newest control slide on record ({last.run.slide}, {last.at:%Y-%m-%d %H:%M} UTC, "
        f"event {last.number}) {passed}. {last.run.reason}"
    )


def _stem(dossier: Dossier) -> str:
    seen = dossier.examination
    slide = "".join(c if c.isascii() and (c.isalnum() or c in "-_") else "_" for c in seen.slide)
    return f"leukoscope-{seen.number}-{slide}-{dossier.chain_hash[:8]}"


def _manifest(dossier: Dossier, hashes: dict[str, str]) -> Manifest:
    return Manifest(
        examination=dossier.examination.number,
        slide=dossier.examination.slide,
        made_at=utc_text(dossier.made_at),
        clock=dossier.made_clock.words,
        chain_seq=dossier.chain_seq,
        chain_hash=dossier.chain_hash,
        files=hashes,
    )
