"""The page on a socket: the one file that imports uvicorn."""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
from collections.abc import Iterator

import uvicorn
from starlette.types import ASGIApp

from edge.closing import Closing
from edge.errors import PageUnreachable

_MOST_CONNECTIONS = 64
_KEEP_ALIVE_S = 20
_STARTING_S = 20.0
_CLOSING_S = 5.0


class _Server(uvicorn.Server):
    """uvicorn in a thread: signals belong to the main thread's own handling."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


class PageServer(Closing):
    """Serves an application from a thread of its own.

    Args:
        app: The page.
        address: Address to listen at.
        port: TCP port; 0 for any that is free.

    Raises:
        PageUnreachable: The port is taken or not allowed.
    """

    def __init__(self, app: ASGIApp, address: str, port: int) -> None:
        self._socket = _listen(address, port)
        self.port = int(self._socket.getsockname()[1])
        config = uvicorn.Config(
            app,
            access_log=False,  # addresses are nobody's business later on
            log_level=logging.WARNING,
            lifespan="off",
            proxy_headers=False,
            server_header=False,
            limit_concurrency=_MOST_CONNECTIONS,
            timeout_keep_alive=_KEEP_ALIVE_S,
            timeout_graceful_shutdown=1,
            ws="none",
            http="h11",
            loop="asyncio",
        )
        self._server = _Server(config)
        self._thread = threading.Thread(target=self._run, name="page", daemon=True)
        self._thread.start()
        waited = threading.Event()
        for _ in range(int(_STARTING_S / 0.02)):
            if self._server.started or not self._thread.is_alive():
                break
            waited.wait(0.02)

    def _run(self) -> None:
        self._server.run(sockets=[self._socket])

    @property
    def is_alive(self) -> bool:
        """Whether the page still answers."""
        return self._thread.is_alive()

    def close(self) -> None:
        """Stop answering; more than one call does no harm."""
        self._server.should_exit = True
        self._thread.join(_CLOSING_S)
        self._socket.close()


def _listen(address: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        # A page that is started again must not wait for connections that have gone.
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((address, port))
    except (OSError, OverflowError) as error:
        listening.close()
        why = getattr(error, "strerror", None) or str(error).rstrip(".")
        raise PageUnreachable(f"The page cannot be offered at {address}:{port}: {why}.") from error
    return listening
