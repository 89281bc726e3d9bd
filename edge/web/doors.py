"""Who may come in: people with their roles and PINs, and the lock-out after wrong ones.

All of it lies in one file, ``doors.json``, readable by its owner only. A guess is written down
before it is looked at, so that pulling the plug does not give it back. How long a lock-out lasts
is measured by a clock that nobody can set, and begins anew at every start.
"""

from __future__ import annotations

import fcntl
import json
import os
import threading
import time
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from edge.errors import PinRefused, PinsDamaged
from edge.web.pins import PinHash, hash_pin
from edge.web.roles import Role, named_role

FILE_NAME = "doors.json"
MAX_PEOPLE = 40
FREE_TRIES = 5
"""Wrong PINs in a row before the first lock-out."""
_FIRST_LOCK_S = 30.0
_LONGEST_LOCK_S = 3600.0

Side = Literal["device", "network"]
"""Where a guess comes from. Each has its own count, so that nobody on the network can lock out
the person who stands before the device."""


@dataclass(frozen=True)
class Person:
    """Somebody with a PIN.

    Attributes:
        name: As chosen at the door and written under a review.
        role: What the person may do.
        pin: What is kept of the PIN.
    """

    name: str
    role: Role
    pin: PinHash


@dataclass(frozen=True)
class Entry:
    """What became of a try at the door.

    Attributes:
        person: Who came in; None when nobody did.
        locked_s: Seconds until the next try; 0 when one may try at once.
        just_locked: This try brought the lock-out about.
    """

    person: Person | None
    locked_s: float = 0.0
    just_locked: bool = False


@dataclass
class _Book:
    """The file's content."""

    people: dict[str, Person] = field(default_factory=dict)
    wrong: dict[str, int] = field(default_factory=dict)  # "side:name" to tries in a row


class Doors:
    """The PINs of one data folder; the file is read anew each time, so that a PIN set by the
    command holds at once.

    Args:
        home: The data folder.
        clock: Seconds, monotonic.
    """

    def __init__(self, home: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._path = home / FILE_NAME
        self._clock = clock
        self._lock = threading.Lock()
        self._locked_until_s: dict[str, float] = {}
        self._seen: tuple[tuple[int, int, int] | None, _Book] | None = None
        # Tries that were wrong before this start lock again: the time left is not known.
        for key, wrong in self._read().wrong.items():
            self._locked_until_s[key] = clock() + lock_s(wrong)

    def people(self) -> list[Person]:
        """Everybody with a PIN, by role and name.

        Raises:
            PinsDamaged: The file cannot be read.
        """
        return sorted(self._known().people.values(), key=lambda p: (p.role, p.name))

    @property
    def are_set(self) -> bool:
        """Whether anybody has a PIN; before that the page is for this machine only."""
        return bool(self._known().people)

    def person(self, name: str) -> Person | None:
        """The person of a name, as the file has it now."""
        return self._known().people.get(name)

    def set_pin(self, name: str, role: Role, pin: str) -> Person:
        """Give somebody a PIN, or a new one; a lock-out of the name ends.

        Raises:
            PinRefused: The PIN or the name is not fit to be one, or there are too many people.
            PinsDamaged: The file cannot be read.
        """
        person = Person(checked_name(name), role, hash_pin(pin))
        with self._changing() as book:
            if len(book.people) >= MAX_PEOPLE and person.name not in book.people:
                raise PinRefused(f"There are {MAX_PEOPLE} PINs already.", "Remove one first.")
            book.people[person.name] = person
            self._forgive(book, person.name)
        return person

    def remove(self, name: str) -> bool:
        """Take somebody's PIN away; False when there was none."""
        with self._changing() as book:
            self._forgive(book, name)
            return book.people.pop(name, None) is not None

    def enter(self, name: str, pin: str, side: Side) -> Entry:
        """Try a PIN.

        Every try takes as long as a right one, whether the name is known or not.

        Raises:
            PinsDamaged: The file cannot be read.
        """
        key = f"{side}:{name}"
        # One at a time: a thousand guesses sent at once still count as a thousand in a row.
        with self._lock:
            if (left_s := self._locked_until_s.get(key, 0.0) - self._clock()) > 0:
                return Entry(None, left_s)
            with self._changing() as book:
                person = book.people.get(name)
                if person is not None:
                    book.wrong[key] = wrong = book.wrong.get(key, 0) + 1
            if person is None:
                hash_pin("no such person")
                return Entry(None)
            if person.pin.matches(pin):
                with self._changing() as book:
                    book.wrong.pop(key, None)
                return Entry(person)
            locked_s = lock_s(wrong)
            self._locked_until_s[key] = self._clock() + locked_s
            return Entry(None, locked_s, just_locked=locked_s > 0)

    def _forgive(self, book: _Book, name: str) -> None:
        for side in ("device", "network"):
            book.wrong.pop(f"{side}:{name}", None)
            self._locked_until_s.pop(f"{side}:{name}", None)

    def _known(self) -> _Book:
        """The file's content for reading only, parsed once for each change of the file."""
        try:
            status = self._path.stat()
            version = (status.st_mtime_ns, status.st_ino, status.st_size)
        except OSError:
            version = None
        if version is None or self._seen is None or self._seen[0] != version:
            self._seen = (version, self._read())
        return self._seen[1]

    def _read(self) -> _Book:
        try:
            text = self._path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return _Book()
        except (OSError, UnicodeDecodeError) as error:
            raise PinsDamaged(f"The PINs {self._path} cannot be read: {error}.") from error
        try:
            return _book(json.loads(text))
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise PinsDamaged(f"The PINs {self._path} are damaged: {error}.") from error

    @contextmanager
    def _changing(self) -> Iterator[_Book]:
        """Read, change, write: one process at a time, and all or nothing."""
        guard = self._path.with_suffix(".lock")
        with guard.open("a") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            book = self._read()
            yield book
            self._write(book)

    def _write(self, book: _Book) -> None:
        made = self._path.with_suffix(".new")
        descriptor = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as out:
            json.dump(_plain(book), out, indent=1, ensure_ascii=False)
            out.flush()
            os.fsync(out.fileno())
        made.replace(self._path)


def lock_s(wrong: int) -> float:
    """Seconds of lock-out after so many wrong PINs in a row: none at first, then doubling."""
    if wrong < FREE_TRIES:
        return 0.0
    return float(min(_LONGEST_LOCK_S, _FIRST_LOCK_S * 2.0 ** min(20, wrong - FREE_TRIES)))


def checked_name(name: str) -> str:
    """A person's name as it is kept.

    Raises:
        PinRefused: It is empty, longer than 64 characters, or cannot be printed.
    """
    kept = unicodedata.normalize("NFC", " ".join(name.split()))
    if not 1 <= len(kept) <= 64 or not kept.isprintable():
        raise PinRefused("A name has 1 to 64 printable characters.", "Give another --name.")
    return kept


def _plain(book: _Book) -> dict[str, Any]:
    people = [
        {"name": p.name, "role": p.role.word, "pin": asdict(p.pin)} for p in book.people.values()
    ]
    return {"people": people, "wrong": book.wrong}


def _book(plain: Any) -> _Book:
    people = {
        str(row["name"]): Person(str(row["name"]), named_role(row["role"]), PinHash(**row["pin"]))
        for row in plain["people"]
    }
    wrong = {str(key): max(0, int(count)) for key, count in plain["wrong"].items()}
    return _Book(people, wrong)
