"""The paper a dossier is printed on: A4, its typeface, and what every page must say.

Noto Sans (Latin, Greek, Cyrillic) and Noto Sans Devanagari, SIL Open Font License 1.1, come as
packages and are embedded as far as they are used, so that a PDF looks the same everywhere. Letters
of other scripts are spelled as their code points: none is lost, and none stops a dossier.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import fontpkg_noto_sans
import fontpkg_noto_sans_devanagari
from fpdf import FPDF
from fpdf.enums import TextMode, XPos, YPos
from fpdf.fonts import TTFFont

_LATIN, _DEVANAGARI = "Noto", "NotoDevanagari"
_FILES = {
    _LATIN: Path(fontpkg_noto_sans.ROOT) / "files" / "NotoSans[wdth,wght].ttf",
    _DEVANAGARI: (
        Path(fontpkg_noto_sans_devanagari.ROOT) / "files" / "NotoSansDevanagari[wdth,wght].ttf"
    ),
}
_SCRIPT = re.compile(r"[\u0900-\u097f\u1cd0-\u1cff\ua8e0-\ua8ff]")
_JOINERS = "\u200c\u200d"
_STROKE = 0.018
"""Bold is drawn by stroking the outline, in parts of the size: cutting a bold font out of the
variable one takes ten seconds on a fast machine."""


class Paper(FPDF):
    """A4 with what every page must say.

    Args:
        title: Of the document.
        foot: Lines at the foot of a page, from its number and what stands for that of all.
        language: Tag of the language it is written in.
    """

    def __init__(
        self, title: str, foot: Callable[[str, str], list[str]], language: str = "en"
    ) -> None:
        super().__init__()
        for family, file in _FILES.items():
            self.add_font(family, "", file)
        fonts = [font for font in self.fonts.values() if isinstance(font, TTFFont)]
        self._known = frozenset(letter for font in fonts for letter in font.cmap)
        self.set_fallback_fonts([_LATIN])
        self._foot = foot
        self.set_margins(15, 14)
        self.set_auto_page_break(True, 18)
        self.set_title(title)
        self.set_lang(language)

    def footer(self) -> None:
        """Research use, the examination and the page number."""
        self.set_y(-14)
        for line in self._foot(str(self.page_no()), "{nb}"):
            self._write(line, 8, False)

    def heading(self, text: str) -> None:
        """The title of a part."""
        self.ln(2)
        self._write(text, 11, True)

    def line_of(self, text: str, size: float = 9, bold: bool = False) -> None:
        """A paragraph; size in points."""
        self._write(text, size, bold)

    def label(self, x: float, y: float, text: str, size: float, bold: bool = False) -> None:
        """A few words at a place, millimetres from the left and the top of the page."""
        told = self.printable(text.replace("\n", " "))
        self._choose(told, size)
        with self.local_context(**self._weight(size, bold)):
            self.text(x, y, told)

    def printable(self, text: str) -> str:
        """A text in the letters there are; any other letter as its code point."""
        return "".join(c if self._has(c) else f"<U+{ord(c):04X}>" for c in text)

    def _has(self, letter: str) -> bool:
        if letter in _JOINERS or letter == "\n":
            return True
        return letter.isprintable() and ord(letter) in self._known

    def _write(self, text: str, size: float, bold: bool) -> None:
        told = self.printable(text)
        self._choose(told, size)
        with self.local_context(**self._weight(size, bold)):
            self.multi_cell(0, size * 0.5, told, align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)

    def _choose(self, text: str, size: float) -> None:
        """The font and the rules of joining letters that a text needs."""
        # A line is shaped whole, by the script it begins with unless told otherwise; and letters
        # that join are joined in the line's own font only, not in a fallback.
        joined = _SCRIPT.search(text) is not None
        self.set_text_shaping(joined, script="deva" if joined else None)
        self.set_font(_DEVANAGARI if joined else _LATIN, size=size)

    def _weight(self, size: float, bold: bool) -> dict[str, object]:
        if not bold:
            return {}
        # Points to the document's millimetres.
        width = size * _STROKE / self.k
        return {"text_mode": TextMode.FILL_STROKE, "line_width": width}
