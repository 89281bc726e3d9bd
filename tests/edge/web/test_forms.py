"""What browsers send is read; what they would never send is refused, and nothing breaks."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.web.forms import Form, FormUnreadable, parse_form

_BOUNDARY = "----x1"


def _multipart(*parts: bytes) -> bytes:
    body = b"".join(b"--" + _BOUNDARY.encode() + b"\r\n" + part + b"\r\n" for part in parts)
    return body + b"--" + _BOUNDARY.encode() + b"--\r\n"


_TYPE = f"multipart/form-data; boundary={_BOUNDARY}"


def test_a_form_as_a_browser_sends_it() -> None:
    form = parse_form("application/x-www-form-urlencoded", b"slide=2024-117&note=caf%C3%A9+%26")
    assert form == Form({"slide": "2024-117", "note": "café &"})


def test_a_photograph_comes_through_byte_for_byte() -> None:
    photo = bytes(range(256)) * 3 + b"\r\n--not the boundary\r\n\r\n"
    body = _multipart(
        b'Content-Disposition: form-data; name="csrf"\r\n\r\nabc',
        b'Content-Disposition: form-data; name="photo"; filename="a.jpg"\r\n'
        b"Content-Type: image/jpeg\r\n\r\n" + photo,
    )
    assert parse_form(_TYPE, body) == Form({"csrf": "abc"}, photo)


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("", b"a=b"),
        ("application/json", b"{}"),
        ("application/x-www-form-urlencoded", b"a=\xff"),
        ("application/x-www-form-urlencoded", b"a=%ff"),
        ("application/x-www-form-urlencoded", b"&".join(b"a=1" for _ in range(999))),
        ("multipart/form-data", b""),
        ("multipart/form-data; boundary=", b""),
        (_TYPE, b""),
        (_TYPE, _multipart(b"no header at all")),
        (_TYPE, _multipart(b"Content-Disposition: form-data\r\n\r\nno name")),
        (_TYPE, _multipart(b'Content-Disposition: form-data; name="a"\r\n\r\nx')[:-6]),
    ],
)
def test_what_is_no_form_is_refused(kind: str, body: bytes) -> None:
    with pytest.raises(FormUnreadable):
        parse_form(kind, body)


@given(st.text(max_size=60), st.binary(max_size=200))
def test_anything_at_all_is_read_or_refused(kind: str, body: bytes) -> None:
    for content_type in (kind, "application/x-www-form-urlencoded", _TYPE):
        try:
            parse_form(content_type, body)
        except FormUnreadable:
            continue


@given(st.dictionaries(st.text(min_size=1, max_size=9), st.text(max_size=20), max_size=9))
def test_whatever_a_form_holds_comes_back(values: dict[str, str]) -> None:
    from urllib.parse import urlencode

    body = urlencode(values).encode()
    assert parse_form("application/x-www-form-urlencoded", body).values == values
