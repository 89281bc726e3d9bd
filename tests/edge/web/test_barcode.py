"""A technician photographs a slide's label instead of typing its number."""

from __future__ import annotations

import asyncio
import io
import re
from pathlib import Path

import numpy as np
import pytest
import zxingcpp
from PIL import Image

from edge.errors import BarcodeUnread
from edge.web.barcode import decode, read_barcode
from tests.edge.web.clinic import Clinic


def _label(text: str, angle: float = 0.0, form: str = "JPEG") -> bytes:
    """A photograph of a label: a code on grey paper, a little askew."""
    code = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.Code128)
    bars = Image.fromarray(np.asarray(code.to_image(scale=4))).convert("L")
    paper = Image.new("L", (bars.width + 400, bars.height + 500), 215)
    paper.paste(bars, (200, 250))
    turned = paper.rotate(angle, expand=True, fillcolor=215).convert("RGB")
    out = io.BytesIO()
    turned.save(out, form)
    return out.getvalue()


@pytest.mark.parametrize("angle", [0.0, 7.0, 90.0])
@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_a_photograph_gives_the_number(angle: float, form: str) -> None:
    assert decode(_label("2024-117", angle, form)) == "2024-117"


def test_no_code_two_codes_or_no_picture_give_none() -> None:
    plain = io.BytesIO()
    Image.new("RGB", (300, 200), "grey").save(plain, "JPEG")
    one, other = (Image.open(io.BytesIO(_label(text))) for text in ("A-1", "B-2"))
    both = Image.new("RGB", (max(one.width, other.width), one.height + other.height))
    both.paste(one, (0, 0))
    both.paste(other, (0, one.height))
    two = io.BytesIO()
    both.save(two, "PNG")
    whole = _label("2024-117")
    for photo in (plain.getvalue(), two.getvalue(), b"", b"no picture", whole[:500]):
        assert decode(photo) is None


def test_it_is_read_in_a_process_of_its_own() -> None:
    assert asyncio.run(read_barcode(_label("2024-117"))) == "2024-117"
    with pytest.raises(BarcodeUnread):
        asyncio.run(read_barcode(b"no picture"))


def test_the_page_puts_the_number_into_its_field(tmp_path: Path) -> None:
    with Clinic(tmp_path) as clinic:
        browser = clinic.logged_in("reviewer")
        token = {"csrf": browser.token()}
        photo = {"photo": ("label.jpg", _label("2024-117"), "image/jpeg")}
        answer = browser.http.post("/slide/barcode", data=token, files=photo)
        assert re.search(r'id="slide" name="slide" value="2024-117"', answer.text)
        bad = {"photo": ("label.jpg", b"no picture", "image/jpeg")}
        answer = browser.http.post("/slide/barcode", data=token, files=bad)
        assert answer.status_code == 422
        assert "No single barcode could be read" in answer.text
