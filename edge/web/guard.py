"""What every request passes before any page sees it, and every answer before it leaves.

- The ``Host`` header must be an address or a name of this machine: a foreign name that was made to
  point here (DNS rebinding) gets nothing.
- Before a PIN is set only this machine itself is answered.
- Bodies are bounded while they are read, whatever their header says.
- Answers may load nothing from elsewhere, run no inline code and be framed by nobody.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Collection

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

CONTENT_POLICY = (
    "default-src 'none'; img-src 'self' blob:; style-src 'self'; script-src 'self'; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
HEADERS = {
    "content-security-policy": CONTENT_POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(self), microphone=(), geolocation=()",
}


class BodyTooLarge(ValueError):
    """More was sent than this page takes."""


class Guard:
    """The outermost layer of the page.

    Args:
        app: What lies behind it.
        names: Host names that this machine answers to.
        is_open: Whether machines other than this one may come in.
        body_limit: Largest body of a path, bytes.
    """

    def __init__(
        self,
        app: ASGIApp,
        names: Collection[str],
        is_open: Callable[[], bool],
        body_limit: Callable[[str], int],
    ) -> None:
        self._app = app
        self._names = {name.lower() for name in names}
        self._is_open = is_open
        self._body_limit = body_limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request pass, or answer it here."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        refusal = self._refusal(scope)
        if refusal is not None:
            await refusal(scope, receive, _hardened(send))
            return
        limit = self._body_limit(scope["path"])
        await self._app(scope, _bounded(receive, limit), _hardened(send))

    def _refusal(self, scope: Scope) -> PlainTextResponse | None:
        headers = dict(scope["headers"])
        host = headers.get(b"host", b"").decode("latin-1")
        if not self.knows(host):
            return PlainTextResponse("This device has another name.", 421)
        if not self._is_open() and not is_this_machine(scope):
            return PlainTextResponse("This device has no PIN yet: use its own screen.", 403)
        length = headers.get(b"content-length", b"0")
        if not length.isdigit():
            return PlainTextResponse("The length is no number.", 400)
        if len(length) > 12 or int(length) > self._body_limit(scope["path"]):
            return PlainTextResponse("Too large.", 413, {"connection": "close"})
        return None

    def knows(self, host: str) -> bool:
        """Whether a ``Host`` header names this machine: an address, or one of its names."""
        name = host_name(host)
        if name is None:
            return False
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return name.rstrip(".").lower() in self._names
        return True


def own_names(more: Collection[str] = ()) -> set[str]:
    """The names that this machine is called by on its network."""
    name = socket.gethostname().lower()
    first = name.partition(".")[0]
    return {"localhost", name, first, f"{first}.local", "leukoscope", "leukoscope.local", *more}


def host_name(host: str) -> str | None:
    """The name or address in a ``Host`` header, without its port; None where there is none."""
    if host.startswith("["):
        name, bracket, rest = host[1:].partition("]")
        if not bracket:
            return None
    else:
        name, colon, digits = host.partition(":")
        rest = colon + digits
    port_is_fine = not rest or (rest[0] == ":" and (rest[1:].isdecimal() or not rest[1:]))
    return name if name and port_is_fine else None


def is_this_machine(scope: Scope) -> bool:
    """Whether a request comes from the machine itself."""
    client = scope.get("client")
    if not client:
        return False
    try:
        address = ipaddress.ip_address(str(client[0]).partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return bool((mapped or address).is_loopback)


def _bounded(receive: Receive, limit: int) -> Receive:
    """The same messages, until they hold more than a limit."""
    taken = 0

    async def bounded() -> Message:
        nonlocal taken
        message = await receive()
        if message["type"] == "http.request":
            taken += len(message.get("body", b""))
            if taken > limit:
                raise BodyTooLarge(f"more than {limit} bytes")
        return message

    return bounded


def _hardened(send: Send) -> Send:
    """Puts the headers on every answer; those a page set itself are left."""

    async def hardened(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = list(message.get("headers", []))
            present = {bytes(key).lower() for key, _ in headers}
            for key, value in HEADERS.items():
                if key.encode() not in present:
                    headers.append((key.encode(), value.encode()))
            if b"cache-control" not in present:
                headers.append((b"cache-control", b"no-store"))
            message = {**message, "headers": headers}
        await send(message)

    return hardened
