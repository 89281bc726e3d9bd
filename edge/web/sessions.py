"""Sessions that end: kept in memory only, found by the hash of a token that the browser holds."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from edge.web.roles import Role

MAX_SESSIONS = 64
"""Of people; those who have not come in yet have as many of their own."""
_TOKEN_BYTES = 32


@dataclass
class Session:
    """One browser's visit.

    Attributes:
        name: Who came in; empty for nobody, and for the device's own screen before a PIN is set.
        role: What the visitor may do.
        csrf: Must come with everything that changes something.
        began_s: When it began, on the sessions' clock.
        used_s: When it was last used.
        token: What the browser holds.
        stamp: Names the PIN it was begun with: a new PIN ends it.
    """

    name: str
    role: Role
    csrf: str
    began_s: float
    used_s: float
    token: str = field(repr=False, default="")
    stamp: str = ""

    def holds(self, csrf: str) -> bool:
        """Whether a token that came with a form is this session's."""
        return hmac.compare_digest(self.csrf.encode(), csrf.encode("utf-8", "replace"))


class Sessions:
    """All visits going on.

    Args:
        idle_s: Unused for so long, a session has ended.
        longest_s: Used or not, it ends after so long.
        clock: Seconds, monotonic.
    """

    def __init__(
        self, idle_s: float, longest_s: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._idle_s = idle_s
        self._longest_s = longest_s
        self._clock = clock
        self._sessions: dict[str, Session] = {}

    def begin(self, name: str = "", role: Role = Role.NOBODY, stamp: str = "") -> Session:
        """A new session with a new token; the oldest of its kind makes room."""
        self._sweep()
        alike = [k for k, s in self._sessions.items() if (s.role > 0) is (role > 0)]
        if len(alike) >= MAX_SESSIONS:
            del self._sessions[min(alike, key=lambda k: self._sessions[k].used_s)]
        now_s = self._clock()
        token = secrets.token_urlsafe(_TOKEN_BYTES)
        csrf = secrets.token_urlsafe(_TOKEN_BYTES)
        session = Session(name, role, csrf, now_s, now_s, token, stamp)
        self._sessions[_key(token)] = session
        return session

    def find(self, token: str, use: bool = True) -> Session | None:
        """The session of a browser's token; None when it ended or never was.

        Args:
            token: As the cookie holds it.
            use: Whether this is a person's doing; a live page that asks by itself is not.
        """
        session = self._sessions.get(_key(token)) if token else None
        if session is None or self._ended(session):
            return None
        if use:
            session.used_s = self._clock()
        return session

    def end(self, session: Session) -> None:
        """End a session at once."""
        self._sessions.pop(_key(session.token), None)

    def end_of(self, name: str) -> None:
        """End all sessions of a person."""
        self._sessions = {k: s for k, s in self._sessions.items() if s.name != name}

    def _ended(self, session: Session) -> bool:
        now_s = self._clock()
        return now_s - session.used_s > self._idle_s or now_s - session.began_s > self._longest_s

    def _sweep(self) -> None:
        self._sessions = {k: s for k, s in self._sessions.items() if not self._ended(s)}


def _key(token: str) -> str:
    """Looked up by hash: comparing tokens letter by letter would tell how many are right."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
