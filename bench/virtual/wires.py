"""Two conversations with a running qemu, both in lines of JSON over a socket.

`Monitor` is the machine's own (QMP): sticks are plugged, events come. `Agent` is a shell inside,
by qemu-guest-agent over a virtio port: no network, no terminal, so that nothing has to be parsed.
"""

from __future__ import annotations

import base64
import json
import socket
import time
from pathlib import Path
from typing import Any


class Failed(Exception):
    """Something did not hold, or the machine does not answer."""


class Wire:
    """Lines of JSON over a socket of qemu.

    Args:
        path: The socket.
        patience_s: How long one answer may take.
    """

    def __init__(self, path: Path, patience_s: float) -> None:
        self._path = path
        self._patience_s = patience_s
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(str(path))
        self._left = b""

    def send(self, message: dict[str, Any]) -> None:
        """One message."""
        self._socket.settimeout(self._patience_s)
        self._socket.sendall(json.dumps(message).encode() + b"\n")

    def receive(self, patience_s: float | None = None) -> dict[str, Any] | None:
        """The next message; None when none came in time."""
        until_s = time.monotonic() + (self._patience_s if patience_s is None else patience_s)
        while True:
            line, newline, rest = self._left.partition(b"\n")
            if newline:
                self._left = rest
                # The agent marks a fresh start with a byte that is no JSON.
                line = line.replace(b"\xff", b"").strip()
                if line:
                    message: dict[str, Any] = json.loads(line)
                    return message
                continue
            self._socket.settimeout(max(0.01, until_s - time.monotonic()))
            try:
                more = self._socket.recv(65536)
            except TimeoutError:
                return None
            except OSError as error:
                raise Failed(f"{self._path.name}: {error}") from error
            if not more:
                raise Failed(f"{self._path.name}: qemu has ended")
            self._left += more

    def close(self) -> None:
        """Hang up."""
        self._socket.close()


class Monitor(Wire):
    """QMP, the machine's own monitor."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, 30)
        self.events: list[dict[str, Any]] = []
        self.receive()  # its greeting
        self.ask("qmp_capabilities")

    def ask(
        self, command: str, arguments: dict[str, Any] | None = None, patience_s: float = 60.0
    ) -> Any:
        """One command; its answer."""
        self.send({"execute": command, "arguments": arguments or {}})
        while True:
            message = self.receive(patience_s)
            if message is None:
                raise Failed(f"{command}: qemu does not answer")
            if "error" in message:
                raise Failed(f"{command}: {message['error'].get('desc')}")
            if "return" in message:
                return message["return"]
            self.events.append(message)

    def heard(self, event: str, longest_s: float) -> bool:
        """Whether an event has come, or comes in time; it is then forgotten."""
        until_s = time.monotonic() + longest_s
        while True:
            for message in self.events:
                if message.get("event") == event:
                    self.events.remove(message)
                    return True
            more = self.receive(max(0.01, until_s - time.monotonic()))
            if more is not None:
                self.events.append(more)
            elif time.monotonic() >= until_s:
                return False


class Agent(Wire):
    """A shell inside the machine."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, 60)

    def is_awake(self, longest_s: float) -> bool:
        """Whether it answers in time; what it said before is thrown away."""
        # Asked once: until something inside listens, the question waits in the wire.
        number = time.monotonic_ns() % 1_000_000_000
        self.send({"execute": "guest-sync", "arguments": {"id": number}})
        until_s = time.monotonic() + longest_s
        while time.monotonic() < until_s:
            message = self.receive(max(0.01, until_s - time.monotonic()))
            if message is not None and message.get("return") == number:
                return True
        return False

    def shell(self, script: str, longest_s: float) -> tuple[int, str]:
        """Run a script of bash; its exit status, and what it printed, errors among it."""
        answer = self._ask(
            "guest-exec",
            **{
                "path": "/bin/bash",
                "arg": ["-c", f"exec 2>&1 < /dev/null\n{script}"],
                "env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin", "LANG=C.UTF-8"],
                "capture-output": True,
            },
        )
        until_s = time.monotonic() + longest_s
        pause_s = 0.02
        while True:
            state = self._ask("guest-exec-status", pid=answer["pid"])
            if state["exited"]:
                told = base64.b64decode(state.get("out-data", "")).decode(errors="replace")
                return int(state.get("exitcode", 128 + int(state.get("signal", 0)))), told
            if time.monotonic() > until_s:
                raise Failed(f"not within {longest_s:.0f} s: {script[:200]}")
            time.sleep(pause_s)
            pause_s = min(0.3, pause_s * 1.5)

    def _ask(self, command: str, **arguments: Any) -> Any:
        self.send({"execute": command, "arguments": arguments})
        message = self.receive()
        if message is None:
            raise Failed(f"{command}: the machine does not answer")
        if "error" in message:
            raise Failed(f"{command}: {message['error'].get('desc')}")
        return message["return"]
