"""Whatever is sent to whichever address, the page answers, and never with an error of its own."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.routing import Route

from edge.web.app import addresses
from tests.edge.web.clinic import Browser, Clinic
from tests.edge.web.test_page import examined

_FUZZ = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
_FIELDS = st.dictionaries(
    st.sampled_from(
        [
            "slide",
            "again",
            "label",
            "seen",
            "note",
            "next",
            "name",
            "pin",
            "comment",
            "seen_review",
            "seen_note",
            "language",
            "kept:note",
            "csrf",
            "format",
            "stick",
            "role",
            "pin_again",
        ]
    ),
    st.one_of(
        st.text(max_size=80),
        st.integers().map(str),
        st.sampled_from(["yes", "confirm", "zip", "pdf", "sda1"]),
    ),
    max_size=6,
)
_QUERY = st.dictionaries(
    st.sampled_from(
        [
            "after",
            "from",
            "since",
            "until",
            "call",
            "page",
            "slide",
            "verdict",
            "unsigned",
            "next",
            "before",
        ]
    ),
    st.one_of(st.text(max_size=40), st.integers().map(str), st.just("REVIEW")),
    max_size=4,
)
_PART = st.one_of(
    st.integers(min_value=-5, max_value=10**25).map(str),
    st.integers(min_value=1, max_value=4).map(str),
    st.text(min_size=1, max_size=30).map(lambda text: quote(text, safe="")),
    st.sampled_from(["..", "%2e%2e", "%00", "%0d%0a", "{{7*7}}", "page.css"]),
)
_HEADER = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=60)


@pytest.fixture(scope="module")
def clinic() -> Iterator[Clinic]:
    with tempfile.TemporaryDirectory() as home, Clinic(Path(home)) as made:
        examined(made.home, 8)
        yield made


@pytest.fixture(scope="module")
def admin(clinic: Clinic) -> Browser:
    return clinic.logged_in("admin")


def _routes() -> list[tuple[str, str]]:
    return [
        (method, route.path)
        for route in addresses()
        if isinstance(route, Route)
        for method in sorted(set(route.methods or ()) - {"HEAD"})
    ]


def _filled(path: str, parts: list[str]) -> str:
    made = iter(parts)
    return "/".join(next(made) if part.startswith("{") else part for part in path.split("/"))


@pytest.mark.parametrize(("method", "path"), _routes())
@_FUZZ
@given(parts=st.lists(_PART, min_size=3, max_size=3), query=_QUERY, form=_FIELDS, header=_HEADER)
def test_no_address_breaks(
    clinic: Clinic,
    admin: Browser,
    method: str,
    path: str,
    parts: list[str],
    query: dict[str, str],
    form: dict[str, str],
    header: str,
) -> None:
    if path == "/logout":
        return  # leaves nobody to go on with
    headers = {"accept-language": header, "x-piece": header, "if-none-match": header}
    # Nobody waits for a picture that does not come: any number but the newest is answered at once.
    query = query | {"after": "77"} if path.startswith("/live") else query
    where = _filled(path, parts)
    if method == "POST":
        form = {"csrf": admin.token()} | form
        answer = admin.http.post(where, params=query, data=form, headers=headers)
    else:
        answer = admin.http.request(method, where, params=query, headers=headers)
    assert answer.status_code < 500, answer.text
    assert "Traceback" not in answer.text


@pytest.mark.parametrize("path", [path for method, path in _routes() if method == "POST"])
@_FUZZ
@given(body=st.binary(max_size=300), kind=_HEADER, cookie=_HEADER, host=_HEADER)
def test_no_body_and_no_header_breaks(
    clinic: Clinic, path: str, body: bytes, kind: str, cookie: str, host: str
) -> None:
    stranger = clinic.browser("10.0.0.9")
    where = _filled(path, ["1", "1", "1"])
    headers = {"content-type": kind, "cookie": f"leukoscope={cookie.replace(';', '')}"}
    answers = [stranger.http.post(where, content=body, headers=headers)]
    answers.append(stranger.http.post(where, content=body, headers=headers | {"host": host}))
    for answer in answers:
        assert 300 <= answer.status_code < 500, answer.text


def test_nobody_comes_in_without_a_pin(clinic: Clinic) -> None:
    """Every address but those of the door itself sends a stranger there, or away."""
    stranger = clinic.browser("10.0.0.9")
    for method, path in _routes():
        where = _filled(path, ["1", "1", "1"])
        answer = stranger.http.request(method, where, data={"csrf": stranger.token()})
        if path in ("/login", "/logout", "/language", "/lamps", "/static/{name}"):
            assert answer.status_code < 500
        elif answer.status_code == 303:
            assert answer.headers["location"].startswith("/login")
        else:
            assert answer.status_code == 401, path
            assert "2024-117" not in answer.text
