"""What a camera's process and the loop say to each other: one JSON object a packet.

The loop says ``{"want": true, "free": [slots]}``; the process answers with one of

    {"hello": true, "continuous": ...}     the camera was opened
    {"memory": bytes of a slot}            with the descriptor of new shared memory beside it
    {"slot": ..., "shape": [h, w, 3], "number": ..., "exposed_at_s": ..., "name": ...}
    {"end": true}                          the source has no more frames
    {"fault": number, "cause": ..., "action": ...}
"""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping
from typing import Any

from edge.errors import CameraLost, LeukoscopeError, all_faults

_PACKET_BYTES = 65536


def send(link: socket.socket, message: Mapping[str, Any], descriptor: int | None = None) -> None:
    """Send one message, with a descriptor beside it where there is one."""
    packet = json.dumps(message).encode()
    if descriptor is None:
        link.sendall(packet)
    else:
        socket.send_fds(link, [packet], [descriptor])


def receive(link: socket.socket) -> tuple[dict[str, Any], int | None]:
    """One message and the descriptor beside it.

    Raises:
        EOFError: The other side is gone.
        TimeoutError: Nothing came within the socket's time limit.
    """
    try:
        packet, descriptors, _, _ = socket.recv_fds(link, _PACKET_BYTES, 1)
    except ConnectionError as error:
        raise EOFError("the other side is gone") from error
    if not packet:
        raise EOFError("the other side is gone")
    message: dict[str, Any] = json.loads(packet)
    return message, descriptors[0] if descriptors else None


def told_fault(fault: LeukoscopeError) -> dict[str, Any]:
    """A fault as a message."""
    return {"fault": fault.number, "cause": fault.cause, "action": fault.action}


def fault_of(message: Mapping[str, Any]) -> LeukoscopeError:
    """The fault that a message tells of."""
    kinds = {kind.number: kind for kind in all_faults()}
    kind = kinds.get(message["fault"], CameraLost)
    return kind(message["cause"], message["action"])
