"""Sign bundles with an Ed25519 key (RFC 8032); see ``edge.inference.signature``."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

from edge.errors import UsageFault


def read_key(path: Path) -> Any:
    """A private key, PEM without a password, as ``openssl genpkey -algorithm ed25519`` writes it.

    Raises:
        UsageFault: It is not there, damaged, locked or of another kind.
    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    action = "Make one: openssl genpkey -algorithm ed25519 -out KEY"
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as error:
        raise UsageFault(f"The key {path} cannot be read: {error}.", action) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise UsageFault(f"{path} is no Ed25519 private key.", action)
    return key


def sign(description: bytes, key: Any) -> bytes:
    """Bytes of ``bundle.json.sig`` for the bytes of a ``bundle.json``; always the same ones."""
    return base64.b64encode(key.sign(description)) + b"\n"
