"""The first PIN is set at the device's own screen; later an admin says who may come in."""

from __future__ import annotations

from pathlib import Path

import pytest
from markupsafe import escape

from edge.records.audit import EventKind, event_details
from edge.records.store import Store
from edge.web.catalogue import LANGUAGES, load_texts
from edge.web.roles import Role
from tests.edge.web.clinic import PINS, Browser, Clinic


@pytest.fixture
def clinic(tmp_path: Path):
    with Clinic(tmp_path) as made:
        yield made


def give(browser: Browser, name: str, role: str, pin: str = "tundra-58", again: str | None = None):
    fields = {"name": name, "role": role, "pin": pin, "pin_again": pin if again is None else again}
    return browser.post("/people", **fields)


def test_the_first_pin_is_set_on_the_device_without_a_command(tmp_path: Path) -> None:
    with Clinic(tmp_path, pins=False) as clinic:
        screen, stranger = clinic.browser(), clinic.browser("192.168.4.20")
        assert stranger.get("/people").status_code == 403
        assert 'href="/people"' in screen.get("/").text
        page = screen.get("/people").text
        assert "First, set the administrator" in page
        assert 'class="keypad"' in page
        answer = give(screen, "", "viewer")  # whoever is first is the admin
        assert answer.status_code == 200
        assert ".local:8080/" in answer.text
        assert [(p.name, p.role) for p in clinic.doors.people()] == [("admin", Role.ADMIN)]
        # From now on the device's own screen asks for a PIN as well.
        assert screen.get("/people").status_code == 303
        with Store.open_to_read(tmp_path) as store:
            told = event_details(store, EventKind.USER)
        assert told[0][1] == {"pin_set_for": "admin", "role": "admin"}


def test_an_admin_lets_a_reviewer_in_and_takes_the_pin_away_again(clinic: Clinic) -> None:
    admin = clinic.logged_in("admin")
    answer = give(admin, "  A.  Mwangi ", "reviewer")
    assert "A. Mwangi has a PIN now" in answer.text
    assert "tundra-58" not in answer.text
    reviewer = clinic.browser("192.168.4.21")
    assert reviewer.log_in("A. Mwangi", "tundra-58").status_code == 303
    assert reviewer.get("/slides").status_code == 200
    assert admin.post("/people/remove", name="A. Mwangi").status_code == 303
    assert reviewer.get("/slides").status_code == 303  # the visit has ended
    with Store.open_to_read(clinic.home) as store:
        told = [details for _, details in event_details(store, EventKind.USER)]
    assert told[-1] == {"pin_removed_of": "A. Mwangi"}
    assert "tundra" not in str(told)


def test_only_the_devices_own_screen_has_digits_to_tap(clinic: Clinic) -> None:
    assert 'class="keypad"' in clinic.browser("127.0.0.1").get("/login").text
    assert 'class="keypad"' not in clinic.browser("192.168.4.20").get("/login").text


@pytest.mark.parametrize("role", ["viewer", "reviewer"])
def test_only_an_admin_gives_pins(clinic: Clinic, role: str) -> None:
    browser = clinic.logged_in(role)
    assert browser.get("/people").status_code == 403
    assert give(browser, "me", "admin").status_code == 403
    assert browser.post("/people/remove", name="admin").status_code == 403
    assert len(clinic.doors.people()) == 3


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_no_pin_is_said_in_the_persons_language(clinic: Clinic, language: str) -> None:
    admin = clinic.logged_in("admin")
    admin.http.headers["accept-language"] = language
    says = load_texts()[language]
    wrong = [
        (give(admin, "Z", "reviewer", "123456"), 400, "people.refused"),
        (give(admin, "Z", "reviewer", "tundra-58", "tundra-59"), 400, "people.differ"),
        (give(admin, "Z", "king"), 400, "error.bad_form"),
        (give(admin, "admin", "viewer"), 409, "people.last"),
        (admin.post("/people/remove", name="admin"), 409, "people.last"),
    ]
    for answer, status, key in wrong:
        assert answer.status_code == status
        assert escape(says(key)) in answer.text
    assert {p.name for p in clinic.doors.people()} == set(PINS)


def test_a_session_that_ends_meanwhile_carries_no_pin_into_a_page(clinic: Clinic) -> None:
    admin = clinic.logged_in("admin")
    clinic.clock.now_s += 100_000
    answer = give(admin, "Z", "reviewer")
    assert answer.status_code == 401
    assert "tundra-58" not in answer.text
