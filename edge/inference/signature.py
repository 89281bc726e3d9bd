"""Signed bundles: who made them, beyond that they are whole.

``bundle.json`` carries the SHA-256 of every file, so that one signature (Ed25519, RFC 8032) over
its bytes covers all of them. It lies beside it as ``bundle.json.sig``, in base64. A device that has
the maker's public key takes no other bundle; a device without one takes any that is whole.
"""

from __future__ import annotations

import base64
import binascii
import os
from pathlib import Path
from typing import Final

from edge.errors import BundleUnsigned

SIGNATURE_FILE: Final = "bundle.json.sig"
KEY_VARIABLE: Final = "LEUKOSCOPE_BUNDLE_KEY"
KEY_PLACE: Final = Path("/etc/leukoscope/bundle-key.pub")


_COPY_KEY: Final = (
    "Copy the key again, readable to all: sudo install -D -m 644 bundle-key.pub " + str(KEY_PLACE)
)


def public_key_file() -> Path | None:
    """The maker's public key on this device: LEUKOSCOPE_BUNDLE_KEY, or the place for it in /etc.

    None only where there surely is none. A link to nowhere, or a folder that this user may not look
    into, counts as a key that cannot be read: somebody wanted signatures to be checked.
    """
    told = os.environ.get(KEY_VARIABLE)
    if told:
        return Path(told)
    try:
        os.lstat(KEY_PLACE)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError:
        pass
    return KEY_PLACE


def check_signature(folder: Path, description: bytes, key_file: Path) -> None:
    """The bundle was signed with the private half of this key.

    Args:
        folder: Of the bundle.
        description: Bytes of its ``bundle.json``.
        key_file: The public key, PEM.

    Raises:
        BundleUnsigned: It was not, or the key cannot be read: a device that should check and cannot
            takes nothing.
    """
    try:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
        from cryptography.hazmat.primitives.serialization import load_pem_public_key
    except ImportError as error:
        raise BundleUnsigned(
            f"{key_file} asks for signed bundles, and the package cryptography is not installed.",
            "Install the extra `device`: pip install 'leukoscope[device]'.",
        ) from error
    try:
        key = load_pem_public_key(key_file.read_bytes())
    except (OSError, ValueError) as error:
        raise BundleUnsigned(
            f"The public key {key_file} cannot be read: {_reason(error)}.", _COPY_KEY
        ) from error
    if not isinstance(key, Ed25519PublicKey):
        raise BundleUnsigned(f"{key_file} is no Ed25519 public key.", _COPY_KEY)
    try:
        text = (folder / SIGNATURE_FILE).read_text(encoding="ascii")
        key.verify(base64.b64decode(text.strip(), validate=True), description)
    except FileNotFoundError as error:
        raise BundleUnsigned(f"The bundle in {folder} is not signed.") from error
    except (OSError, UnicodeDecodeError, binascii.Error, InvalidSignature) as error:
        raise BundleUnsigned(
            f"The bundle in {folder} was not signed with the key {key_file}."
        ) from error


def _reason(error: OSError | ValueError) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error).rstrip(".")
