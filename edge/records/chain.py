"""The chain of hashes: each record is bound to all before it, so that a change is seen. Pure.

A hash is SHA-256 over the hash before it and the record's canonical JSON. Whoever alters a record
must alter every later hash as well; a hash written down elsewhere (in a dossier, on paper) shows
even that, and shows records cut off at the end, which the chain alone cannot.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

GENESIS = hashlib.sha256(b"leukoscope records").hexdigest()
"""What the first record is bound to."""

Value = str | int | float | bool | None
"""What a field of a record may hold."""


def canonical(record: Mapping[str, Value]) -> bytes:
    """A record as JSON in its one possible spelling: keys sorted, no spaces, ASCII.

    Floats are written with Python's shortest spelling that reads back as the same number.

    Raises:
        ValueError: A number is not finite: JSON has no word for it.
        TypeError: A value is none of JSON's.
    """
    return json.dumps(
        dict(record), sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False
    ).encode("ascii")


def link(previous: str, record: Mapping[str, Value]) -> str:
    """The hash of a record that follows another.

    Args:
        previous: Hash of the record before, 64 hexadecimal digits; `GENESIS` for the first.
        record: The record.

    Returns:
        64 hexadecimal digits.
    """
    return hashlib.sha256(previous.encode("ascii") + b"\n" + canonical(record)).hexdigest()
