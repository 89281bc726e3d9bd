"""What systemd is told: ready, alive, how it goes (sd_notify(3): datagrams to a socket)."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping


class Notifier:
    """Speaks to the service manager, or to nobody where there is none.

    Args:
        environ: The environment; this process's own if left out.
    """

    def __init__(self, environ: Mapping[str, str] | None = None) -> None:
        known = os.environ if environ is None else environ
        self._address = _address(known.get("NOTIFY_SOCKET", ""))
        self.watchdog_s = _watchdog_s(known)

    @property
    def is_heard(self) -> bool:
        """Whether a service manager listens."""
        return self._address is not None

    def ready(self) -> None:
        """The service has started: everything it needs was opened and proven."""
        self._tell("READY=1")

    def alive(self) -> None:
        """The watchdog's time begins anew."""
        self._tell("WATCHDOG=1")

    def stopping(self) -> None:
        """It ends because it was asked to."""
        self._tell("STOPPING=1")

    def status(self, sentence: str) -> None:
        """One line for ``systemctl status``."""
        self._tell(f"STATUS={' '.join(sentence.split())}")

    def more_time(self, seconds: float) -> None:
        """Starting or stopping takes this much longer (EXTEND_TIMEOUT_USEC)."""
        self._tell(f"EXTEND_TIMEOUT_USEC={round(seconds * 1e6)}")

    def _tell(self, message: str) -> None:
        if self._address is None:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as out:
                out.settimeout(1.0)
                out.sendto(message.encode(), self._address)
        except OSError:
            # A manager that cannot be reached will find out by the watchdog; we go on.
            return


def _address(named: str) -> str | None:
    """The socket's address; a leading ``@`` means the abstract name space."""
    if named.startswith("@"):
        return "\0" + named[1:]
    return named if named.startswith("/") else None


def _watchdog_s(environ: Mapping[str, str]) -> float | None:
    """Seconds within which a sign of life is due; None where no watchdog waits for this process."""
    wanted = environ.get("WATCHDOG_PID", "")
    if wanted and wanted != str(os.getpid()):
        return None
    try:
        microseconds = int(environ.get("WATCHDOG_USEC", ""))
    except ValueError:
        return None
    return microseconds / 1e6 if microseconds > 0 else None
