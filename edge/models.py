"""Which bundle a device uses, and changing it safely.

Bundles that were installed lie under ``models/`` in the data folder, one folder each, beside a
small file that says which is in use and which was the last good one. A bundle is copied, verified
and tried on this device before it is switched to; the switch is the renaming of one file. A bundle
that fails when the service starts with it is put away, and the last good one is taken again, by
itself.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from edge.errors import (
    BundleMissing,
    BundleRefused,
    GoldenTestFailed,
    LeukoscopeError,
)
from edge.inference.bundle import (
    DESCRIPTION_FILE,
    LARGEST_FILE_BYTES,
    Bundle,
    files_of,
    load_bundle,
)
from edge.inference.classifier import Classifier
from edge.inference.shelf import find_bundle, open_classifier
from edge.inference.signature import SIGNATURE_FILE, public_key_file
from edge.records.audit import EventKind, record_event
from edge.records.database import DEVICE
from edge.records.home import flush_folder, folder_fault, prepare_home

FOLDER = "models"
STATE_FILE = "in-use.json"
BUILT_IN = ""
"""Instead of a folder's name: the bundle that came with the program."""
_TRIES = 2
"""Starts that may end before the bundle passed its golden test; a library can crash on a bundle."""
_PROVING_S = 300.0
_DEEP = 3
"""How far down a stick bundles are looked for."""


@dataclass(frozen=True)
class InUse:
    """Which bundle is in use.

    Attributes:
        current: Its folder under ``models/``; empty for the built-in one.
        last_good: The one before it that passed its golden test in a start.
        good: Whether the current one did.
        tries: Starts with it that have not ended in a passed test since the last that did.
    """

    current: str = BUILT_IN
    last_good: str = BUILT_IN
    good: bool = True
    tries: int = 0


def read_in_use(home: Path) -> InUse:
    """What is in use; the built-in bundle where nothing else was installed.

    Raises:
        StoreUnwritable: The file is there but cannot be read.
    """
    path = home / FOLDER / STATE_FILE
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        state = InUse(**values)
    except FileNotFoundError:
        return InUse()
    except OSError as error:
        raise folder_fault(path, error) from error
    except (ValueError, TypeError):
        # Written in one piece and renamed, so only another hand or a dying card can do this: the
        # bundle that came with the program is always there.
        return InUse()
    folders = (state.current, state.last_good)
    return state if all(_plain(folder) for folder in folders) else InUse()


def install(home: Path, source: Path, actor: str = "installer") -> Bundle:
    """Verify a bundle, try it on this device, and use it from the next start on.

    Args:
        home: The data folder.
        source: A bundle's folder, a zip file of one, or a stick or folder that holds exactly one.
        actor: Who does it, for the audit.

    Raises:
        BundleMissing: There is none, or more than one.
        BundleRefused, BundleAltered: It is damaged, incomplete or changed.
        BundleUnsigned: This device has its maker's public key, and the bundle was not signed
            with its private half.
        GoldenTestFailed: This device does not reproduce its golden outputs, or crashes on it.
        DiskFull, StoreUnwritable: It cannot be copied into the data folder.
    """
    shelf = prepare_home(home) / FOLDER
    try:
        shelf.mkdir(exist_ok=True, mode=0o700)
        with _unpacked(source) as folder, _copied(folder, shelf) as copy:
            bundle = _proven(home, source, copy, actor)
            name = f"{_safe(bundle.name)}-{_safe(bundle.version)}-{bundle.sha256[:12]}"
            _put(copy, shelf / name)
    except OSError as error:
        if isinstance(error, LeukoscopeError):
            raise
        raise folder_fault(shelf, error) from error
    before = read_in_use(home)
    # Installing what is in use already repairs its files, and leaves the way back as it was.
    good_one = before.current if before.good and before.current != name else before.last_good
    _write_in_use(home, InUse(current=name, last_good=good_one, good=False))
    record_event(
        home,
        EventKind.BUNDLE,
        actor,
        change="installed",
        name=bundle.name,
        version=bundle.version,
        sha256=bundle.sha256,
        signature="not asked for" if public_key_file() is None else "checked",
    )
    _tidy(shelf, {name, good_one})
    return bundle


def go_back(home: Path, actor: str = "installer") -> str:
    """Use the last good bundle again, from the next start on, where this device still takes it.

    Returns:
        Its folder under ``models/``; empty for the built-in one.

    Raises:
        BundleMissing: There is none to go back to.
        LeukoscopeError: It is refused by now, as by a key that was set since; nothing is changed.
    """
    state = read_in_use(home)
    if state.current == state.last_good:
        raise BundleMissing("There is no bundle to go back to.", "See `leukoscope model list`.")
    try:
        load_bundle(_folder_of(home, state.last_good))
    except LeukoscopeError as fault:
        raise type(fault)(f"{fault.cause} The bundle in use stays.", fault.action) from fault
    _switch_back(home, state.current, state.last_good, "asked for", actor)
    return state.last_good


def _switch_back(home: Path, left: str, used: str, why: str, actor: str) -> None:
    _write_in_use(home, InUse(current=used, last_good=used))
    with contextlib.suppress(LeukoscopeError):
        record_event(
            home,
            EventKind.BUNDLE,
            actor,
            change="went back",
            left=left,
            used=used or "built in",
            why=why,
        )


def _leave(home: Path, state: InUse, why: str) -> bool:
    """Take an earlier bundle by itself; not where this device would refuse each of them as well.

    With a key that cannot be read all are refused: then none is at fault, and the one in use is
    still the one in use once the key is mended.
    """
    for folder in dict.fromkeys((state.last_good, BUILT_IN)):
        if folder == state.current:
            continue
        with contextlib.suppress(LeukoscopeError):
            load_bundle(_folder_of(home, folder))
            _switch_back(home, state.current, folder, why, DEVICE)
            return True
    return False


def open_in_use(home: Path, threads: int = 1) -> Classifier:
    """The classifier of the bundle in use, proven now; goes back by itself where that one fails.

    Raises:
        LeukoscopeError: The last bundle there is fails too.
    """
    state = read_in_use(home)
    if state.current != BUILT_IN and not state.good:
        why = f"{state.tries} starts ended before its golden test did"
        if state.tries >= _TRIES and _leave(home, state, why):
            return open_in_use(home, threads)
        # Written before the library sees the bundle: a crash is counted.
        _write_in_use(home, replace(state, tries=state.tries + 1))
    try:
        classifier = open_classifier(folder_in_use(home), threads)
    except LeukoscopeError as fault:
        if _leave(home, state, f"{fault.number}: {fault.cause}"):
            return open_in_use(home, threads)
        raise
    if not state.good:
        _write_in_use(home, replace(state, good=True, tries=0))
    return classifier


def open_asked(home: Path, asked: Path | None, threads: int = 1) -> Classifier:
    """The classifier of the bundle that was asked for, or else of the one in use.

    Raises:
        LeukoscopeError: See ``open_classifier`` and ``open_in_use``.
    """
    return open_in_use(home, threads) if asked is None else open_classifier(asked, threads)


def folder_in_use(home: Path) -> Path:
    """Folder of the bundle in use."""
    return _folder_of(home, read_in_use(home).current)


def _folder_of(home: Path, folder: str) -> Path:
    return find_bundle() if folder == BUILT_IN else home / FOLDER / folder


@dataclass(frozen=True)
class Listed:
    """A bundle on the device.

    Attributes:
        folder: Under ``models/``; empty for the built-in one.
        name: Name and version; empty when it cannot be read.
        sha256: Identifies it in records.
        use: ``in use``, ``last good``, or empty.
        fault: What is wrong with its files; empty when nothing is.
    """

    folder: str
    name: str
    sha256: str
    use: str
    fault: str = ""

    def as_json(self) -> dict[str, str]:
        """Plain values, ready for ``json.dumps``."""
        return asdict(self)


def list_bundles(home: Path) -> list[Listed]:
    """Every bundle on the device, the built-in one first."""
    state = read_in_use(home)
    shelf = home / FOLDER
    installed = [found.parent.name for found in sorted(shelf.glob(f"*/{DESCRIPTION_FILE}"))]
    listed = []
    for folder in [BUILT_IN, *(name for name in installed if _plain(name))]:
        use = "last good" if folder == state.last_good else ""
        use = "in use" if folder == state.current else use
        try:
            bundle = load_bundle(_folder_of(home, folder))
        except LeukoscopeError as fault:
            listed.append(Listed(folder, "", "", use, str(fault)))
        else:
            name = f"{bundle.name} {bundle.version}"
            listed.append(Listed(folder, name, bundle.sha256, use))
    return listed


def prove_apart(folder: Path) -> None:
    """Run a bundle's golden test in another process, which may crash without harm.

    Raises:
        GoldenTestFailed: It failed, crashed or did not end.
    """
    words = [sys.executable, "-m", "edge", "model", "prove", str(folder)]
    try:
        done = subprocess.run(
            words,
            capture_output=True,
            text=True,
            timeout=_PROVING_S,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired as error:
        raise GoldenTestFailed("The golden test did not end.") from error
    if done.returncode < 0:
        raise GoldenTestFailed(
            f"The interpreter crashed on the bundle (signal {-done.returncode})."
        )
    if done.returncode:
        said = done.stderr.strip().splitlines() or ["no reason given"]
        raise GoldenTestFailed(f"The bundle failed on this device: {said[-1][:300]}")


@contextlib.contextmanager
def _unpacked(source: Path) -> Iterator[Path]:
    """The folder of the one bundle in a source."""
    if source.is_dir():
        yield _only_bundle(source)
    elif zipfile.is_zipfile(source):
        with tempfile.TemporaryDirectory() as scratch:
            _unzip(source, Path(scratch))
            yield _only_bundle(Path(scratch))
    else:
        raise BundleMissing(
            f"{source} is no bundle.", "Name a bundle's folder, a zip file of one, or a stick."
        )


def _only_bundle(folder: Path) -> Path:
    depths = ["/".join(["*"] * depth + [DESCRIPTION_FILE]) for depth in range(_DEEP + 1)]
    found = [
        path.parent
        for pattern in depths
        for path in sorted(folder.glob(pattern))
        # A stick's bin (.Trash-1000, .Trashes) still holds what somebody deleted.
        if not any(part.startswith(".") for part in path.relative_to(folder).parts)
    ]
    if not found:
        raise BundleMissing(f"There is no bundle in {folder} (no {DESCRIPTION_FILE}).")
    if len(found) > 1:
        names = ", ".join(str(path.relative_to(folder)) for path in found[:6])
        raise BundleMissing(f"{folder} holds several bundles: {names}.", "Name one of them.")
    return found[0]


def _unzip(archive: Path, into: Path) -> None:
    try:
        with zipfile.ZipFile(archive) as opened:
            if sum(member.file_size for member in opened.infolist()) > LARGEST_FILE_BYTES:
                raise BundleRefused(f"{archive} is larger than any bundle for this device.")
            opened.extractall(into)  # drops absolute paths and ".."
    except (zipfile.BadZipFile, OSError, RuntimeError, EOFError) as error:
        if isinstance(error, LeukoscopeError):
            raise
        raise BundleRefused(f"{archive} cannot be unpacked: {error}.") from error


@contextlib.contextmanager
def _copied(folder: Path, shelf: Path) -> Iterator[Path]:
    """A copy on the device's own disk: what is verified is what will be used, stick or no stick."""
    copy = Path(tempfile.mkdtemp(prefix=".incoming-", dir=shelf))
    try:
        for name in (*files_of(folder), SIGNATURE_FILE):
            # What is missing or unreadable is said by whoever verifies the copy.
            if (folder / name).is_file():
                _copy_flushed(folder / name, copy / name)
        yield copy
    finally:
        shutil.rmtree(copy, ignore_errors=True)


def _proven(home: Path, source: Path, copy: Path, actor: str) -> Bundle:
    """The bundle, verified and proven here; that one was refused, and why, stands in the audit."""
    try:
        bundle = load_bundle(copy)
        prove_apart(copy)
    except LeukoscopeError as fault:
        # The scratch copy's name would tell nobody anything.
        cause = fault.cause.replace(str(copy), str(source))
        with contextlib.suppress(LeukoscopeError):
            why = f"{fault.number}: {cause}"
            record_event(home, EventKind.BUNDLE, actor, change="refused", why=why)
        raise type(fault)(cause, fault.action) from fault
    return bundle


def _copy_flushed(path: Path, target: Path) -> None:
    with path.open("rb") as read, target.open("wb") as write:
        shutil.copyfileobj(read, write)
        write.flush()
        os.fsync(write.fileno())


def _put(copy: Path, target: Path) -> None:
    """Give a proven copy its name; what had it before makes way."""
    if target.exists():
        shutil.rmtree(target)
    copy.rename(target)
    flush_folder(target)
    flush_folder(target.parent)


def _write_in_use(home: Path, state: InUse) -> None:
    """All or nothing: a power cut leaves the file before or the file after."""
    shelf = home / FOLDER
    path = shelf / STATE_FILE
    try:
        shelf.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.NamedTemporaryFile("w", dir=shelf, delete=False) as file:
            json.dump(asdict(state), file)
            file.flush()
            os.fsync(file.fileno())
        Path(file.name).replace(path)
        flush_folder(shelf)
    except OSError as error:
        raise folder_fault(path, error) from error


def _tidy(shelf: Path, kept: set[str]) -> None:
    """Remove bundles that are neither in use nor the way back, and what a power cut left."""
    for path in shelf.iterdir():
        if path.is_dir() and path.name not in kept:
            shutil.rmtree(path, ignore_errors=True)


def _plain(folder: str) -> bool:
    return isinstance(folder, str) and "/" not in folder and not folder.startswith(".")


def _safe(text: str) -> str:
    return "".join(c if c.isalnum() and c.isascii() else "-" for c in text)[:40] or "-"
