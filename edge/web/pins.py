"""PINs: hashed with scrypt, which makes each guess cost time and memory, and fit to be typed.

The parameters are those that OWASP's Password Storage Cheat Sheet gives for 16 MiB (N = 2^14,
r = 8, p = 5): a Pi with little memory can afford them, a thief of the card pays for each guess.
"""

from __future__ import annotations

import hashlib
import hmac
import itertools
import secrets
import unicodedata
from dataclasses import dataclass

from edge.errors import PinRefused

LEAST_CHARACTERS = 6
MOST_CHARACTERS = 64
_N, _R, _P = 2**14, 8, 5
_SALT_BYTES = 16
_HASH_BYTES = 32


@dataclass(frozen=True)
class PinHash:
    """What is kept of a PIN.

    Attributes:
        salt: Random, in hexadecimal.
        hash: scrypt of PIN and salt, in hexadecimal.
        n: scrypt's cost in memory and time; a power of 2.
        r: Its size of blocks.
        p: Its repetitions.
    """

    salt: str
    hash: str
    n: int
    r: int
    p: int

    def __post_init__(self) -> None:
        if len(bytes.fromhex(self.salt)) < 8 or len(bytes.fromhex(self.hash)) != _HASH_BYTES:
            raise ValueError("salt or hash is cut")
        # A file must not talk this program into using all memory, or none.
        if not (2**10 <= self.n <= 2**17 and self.n & (self.n - 1) == 0):
            raise ValueError("n is out of range")
        if not (1 <= self.r <= 16 and 1 <= self.p <= 16):
            raise ValueError("r or p is out of range")

    def matches(self, pin: str) -> bool:
        """Whether this is the hash of a PIN; takes the same time for every PIN."""
        made = _scrypt(normal(pin), bytes.fromhex(self.salt), self.n, self.r, self.p)
        return hmac.compare_digest(made, bytes.fromhex(self.hash))


def hash_pin(pin: str) -> PinHash:
    """The hash of a new PIN, with a salt of its own.

    Raises:
        PinRefused: It is too short or long, cannot be typed, or is the first one would guess.
    """
    checked_pin(pin)
    salt = secrets.token_bytes(_SALT_BYTES)
    return PinHash(salt.hex(), _scrypt(normal(pin), salt, _N, _R, _P).hex(), _N, _R, _P)


def checked_pin(pin: str) -> str:
    """A PIN, if it is fit to be one.

    Raises:
        PinRefused: It is not.
    """
    kept = normal(pin)
    if not LEAST_CHARACTERS <= len(kept) <= MOST_CHARACTERS or not kept.isprintable():
        raise PinRefused(f"A PIN has {LEAST_CHARACTERS} to {MOST_CHARACTERS} printable characters.")
    steps = {ord(b) - ord(a) for a, b in itertools.pairwise(kept)}
    if steps in ({0}, {1}, {-1}) or len(set(kept)) < 3:
        raise PinRefused("This PIN is among the first that anybody would try.")
    return kept


def normal(pin: str) -> str:
    """A PIN in one Unicode spelling, so that every keyboard types the same one."""
    return unicodedata.normalize("NFKC", pin.strip())


def _scrypt(pin: str, salt: bytes, n: int, r: int, p: int) -> bytes:
    return hashlib.scrypt(
        pin.encode("utf-8", "surrogatepass"),
        salt=salt,
        n=n,
        r=r,
        p=p,
        maxmem=256 * n * r,
        dklen=_HASH_BYTES,
    )
