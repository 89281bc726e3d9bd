"""Read a JSON object field by field, each with its kind and its range, naming what is wrong."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any

from edge.errors import BundleRefused, LeukoscopeError


def parse_object(text: bytes, name: str, fault: type[LeukoscopeError] = BundleRefused) -> Fields:
    """The one JSON object in ``text``.

    Args:
        text: UTF-8 JSON.
        name: What to call it in a refusal, such as ``bundle.json``.
        fault: What to raise, here and for every field.

    Raises:
        LeukoscopeError: ``fault``. Not JSON, not an object, or a key appears twice in one object.
    """
    try:
        value = json.loads(text.decode("utf-8"), object_pairs_hook=_no_key_twice)
    except (ValueError, RecursionError) as error:
        raise fault(f"{name} is damaged: {error}.") from error
    if not isinstance(value, dict):
        raise fault(f"{name} holds {_kind(value)}, not an object.")
    return Fields(value, name, fault)


def _no_key_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A dict from pairs; two answers to one question are no answer."""
    found = dict(pairs)
    if len(found) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"the key {twice!r} appears twice")
    return found


def _kind(value: object) -> str:
    """How a person would call the JSON kind of ``value``."""
    kinds = {dict: "an object", list: "a list", str: "a text", bool: "true or false"}
    return kinds.get(type(value), "null" if value is None else "a number")


@dataclass(frozen=True)
class Fields:
    """A JSON object being read.

    Attributes:
        values: The object.
        path: Where it stands in its file, for refusals.
        fault: What to raise about a field.
    """

    values: dict[str, Any]
    path: str
    fault: type[LeukoscopeError] = BundleRefused

    def _take(self, key: str) -> Any:
        if key not in self.values:
            raise self.fault(f"{self._where(key)} is missing.")
        return self.values[key]

    def _where(self, key: str) -> str:
        return f"{self.path}: {key}" if " " not in self.path else f"{self.path}.{key}"

    def wrong(self, key: str, wanted: str) -> LeukoscopeError:
        """The fault that says what the field ``key`` should have been."""
        value = self.values.get(key)
        shown = json.dumps(value) if not isinstance(value, dict | list) else _kind(value)
        return self.fault(f"{self._where(key)} must be {wanted}, and is {shown[:60]}.")

    def only(self, *known: str) -> Fields:
        """This object, which holds nothing but these keys: a key mistyped is a key not read."""
        for key in self.values:
            if key not in known:
                raise self.fault(f"{self._where(key)} is not known; there are {', '.join(known)}.")
        return self

    def section(self, key: str) -> Fields:
        """An object inside this one."""
        value = self._take(key)
        if not isinstance(value, dict):
            raise self.wrong(key, "an object")
        return Fields(value, self._where(key), self.fault)

    def sections(self, key: str) -> tuple[Fields, ...]:
        """A list of objects."""
        value = self._take(key)
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise self.wrong(key, "a list of objects")
        where = self._where(key)
        return tuple(Fields(item, f"{where}[{i}]", self.fault) for i, item in enumerate(value))

    def text(self, key: str) -> str:
        """A text that is not empty."""
        value = self._take(key)
        if not isinstance(value, str) or not value.strip():
            raise self.wrong(key, "a text")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of different texts; it may be empty."""
        value = self._take(key)
        if not isinstance(value, list) or not all(isinstance(v, str) and v for v in value):
            raise self.wrong(key, "a list of texts")
        if len(set(value)) != len(value):
            raise self.wrong(key, "a list without repetition")
        return tuple(value)

    def whole(self, key: str, low: int, high: int) -> int:
        """A whole number in [low, high]."""
        value = self._take(key)
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise self.wrong(key, f"a whole number from {low} to {high}")
        return value

    def number(self, key: str, low: float = -math.inf, high: float = math.inf) -> float:
        """A finite number in [low, high]."""
        value = self._take(key)
        if not _is_number(value) or not low <= value <= high:
            raise self.wrong(key, _range(low, high))
        return float(value)

    def positive(self, key: str, high: float = math.inf) -> float:
        """A finite number above 0, at most ``high``."""
        value = self._take(key)
        if not _is_number(value) or not 0 < value <= high:
            raise self.wrong(key, "a number above 0" + (f", at most {high:g}" * (high < math.inf)))
        return float(value)

    def triple(self, key: str) -> tuple[float, float, float]:
        """Three finite numbers, one for each colour channel."""
        value = self._take(key)
        if not isinstance(value, list) or len(value) != 3 or not all(map(_is_number, value)):
            raise self.wrong(key, "a list of three numbers")
        red, green, blue = map(float, value)
        return red, green, blue


def _is_number(value: object) -> bool:
    """JSON knows no infinity, but Python's reader does: neither it nor true is a number here."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e300


def _range(low: float, high: float) -> str:
    """``a number`` and its range in words."""
    if math.isinf(low) and math.isinf(high):
        return "a finite number"
    if math.isinf(high):
        return f"a number of at least {low:g}"
    return f"a number from {low:g} to {high:g}"
