"""Every text of the page in every language, and which language a browser gets.

One file for each language in ``texts/``, named by its tag. English is complete by definition; a
test holds the others to the same keys and placeholders.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

LANGUAGES: dict[str, str] = {
    "en": "English",
    "es": "Español",
    "fr": "Français",
    "pt": "Português",
    "hi": "हिन्दी",
    "sw": "Kiswahili",
}
"""Language tags and what each language calls itself."""

FIRST_LANGUAGE = "en"
_MOST_PREFERENCES = 20


@dataclass(frozen=True)
class Texts:
    """The texts in one language; called with a key and what belongs into it.

    Attributes:
        language: Its tag.
        lines: Text for each key such as ``live.heading``.
    """

    language: str
    lines: Mapping[str, str]

    def __call__(self, key: str, /, **values: object) -> str:
        """A text; the key itself where there is none, so that no page breaks for a word."""
        line = self.lines.get(key)
        if line is None:
            return key
        return line.format(**values) if values else line

    def filled(self, key: str, values: Iterable[tuple[str, str]]) -> str:
        """A text with numbers put in by name, each with the language's decimal sign."""
        decimal = self("number.decimal")
        return self(key, **{name: value.replace(".", decimal) for name, value in values})

    def has(self, key: str) -> bool:
        """Whether there is such a text."""
        return key in self.lines

    def number(self, value: float, digits: int = 0) -> str:
        """A number with the language's decimal sign."""
        return f"{value:.{digits}f}".replace(".", self("number.decimal"))

    def percent(self, share: float, digits: int = 0) -> str:
        """A share of 0 to 1 as per cent."""
        return self("number.percent", n=self.number(100 * share, digits))

    def share(self, share: float) -> str:
        """A measured share as per cent: decimals only where they say something."""
        return self.percent(share, 1 if share < 0.1 else 0)

    def chance(self, p: float) -> str:
        """A network's probability as per cent: never quite none, and never quite all."""
        if p < 0.005:
            return f"< {self.percent(0.01)}"
        return f"> {self.percent(0.99)}" if p > 0.995 else self.percent(p)


def load_texts() -> dict[str, Texts]:
    """All languages, by tag."""
    return {tag: Texts(tag, read_lines(tag)) for tag in LANGUAGES}


def read_lines(tag: str) -> dict[str, str]:
    """The texts of one file, sections and keys joined by dots."""
    text = files("edge.web").joinpath("texts", f"{tag}.toml").read_text(encoding="utf-8")
    return dict(_flat(tomllib.loads(text)))


def chosen_language(cookie: str, accept_language: str) -> str:
    """The language for a browser: the person's own choice first, then what the browser asks for.

    Args:
        cookie: Tag chosen by hand; anything else is ignored.
        accept_language: The header of RFC 9110, section 12.5.4, such as ``pt-BR,pt;q=0.9``.
    """
    if cookie in LANGUAGES:
        return cookie
    wanted: list[tuple[float, str]] = []
    for part in accept_language.split(",")[:_MOST_PREFERENCES]:
        tag, _, parameter = part.strip().partition(";")
        primary = tag.strip().lower().partition("-")[0]
        weight = _weight(parameter)
        if primary in LANGUAGES and weight > 0:
            wanted.append((weight, primary))
    # Stable: of equal weights the first named wins.
    return max(wanted, key=lambda pair: pair[0])[1] if wanted else FIRST_LANGUAGE


def _weight(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        weight = float(value)
    except ValueError:
        return 0.0
    return weight if 0 <= weight <= 1 else 0.0


def _flat(table: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    lines: list[tuple[str, str]] = []
    for key, value in table.items():
        if isinstance(value, Mapping):
            lines += _flat(value, f"{prefix}{key}.")
        else:
            lines.append((prefix + key, str(value)))
    return lines
