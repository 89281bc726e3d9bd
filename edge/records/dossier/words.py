"""What the dossier asks of a catalogue of texts; the page's own obeys it."""

from __future__ import annotations

from typing import Protocol


class Words(Protocol):
    """Texts in one person's language."""

    @property
    def language(self) -> str:
        """Tag of the language."""
        ...

    def __call__(self, key: str, /, **values: object) -> str:
        """A text; the key itself where there is none."""
        ...

    def has(self, key: str) -> bool:
        """Whether there is such a text."""
        ...

    def percent(self, share: float, digits: int = 0) -> str:
        """A share of 0 to 1 as per cent."""
        ...
