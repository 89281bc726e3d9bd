"""People at the page: what they see, what they may do, and what becomes of their mistakes."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from edge.records.rows import VerdictRecord
from edge.records.store import Store
from edge.web.catalogue import LANGUAGES, load_texts
from edge.web.control import Phase, Progress
from edge.web.settings import PageSettings
from tests.edge.records.examples import CELL
from tests.edge.web.clinic import PINS, Clinic, token_of

RESEARCH = "not a diagnosis"


@pytest.fixture
def clinic(tmp_path: Path):
    with Clinic(tmp_path) as made:
        yield made


@pytest.fixture
def slide(clinic: Clinic) -> int:
    """An examination of 130 cells that ended in REVIEW."""
    return examined(clinic.home)


def examined(home: Path, cells: int = 130, slide: str = "2024-117") -> int:
    with Store.open(home) as store:
        number = store.begin_examination(slide, "net 1", "ab" * 32, "phantom:leukemic", 0.2)
        records = [
            dataclasses.replace(
                CELL,
                label="blast" if i % 10 == 0 else "neutrophil",
                blast=i % 10 == 0,
                p_blast=(i % 50) / 50,
                frame=i // 5,
            )
            for i in range(cells)
        ]
        store.add_cells(number, records)
        store.finish(
            number,
            VerdictRecord(
                "REVIEW",
                "13 of 130 cells look like blasts.",
                cells,
                cells // 10,
                0,
                0.09,
                (0.05, 0.16),
                26,
                0,
                30.0,
                0.2,
            ),
        )
    return number


def test_before_a_pin_is_set_only_the_device_itself_is_answered(tmp_path: Path) -> None:
    with Clinic(tmp_path, pins=False) as clinic:
        assert clinic.browser("127.0.0.1").get("/").status_code == 200
        assert clinic.browser("192.168.4.20").get("/").status_code == 403


def test_a_foreign_name_that_points_here_gets_nothing(clinic: Clinic) -> None:
    """DNS rebinding: a page from elsewhere makes the browser call this device by its own name."""
    browser = clinic.logged_in("admin")
    for host in ("evil.example", "evil.example:8080", "", "localhost.evil.example", "a@b", "["):
        assert browser.get("/", host=host).status_code == 421, host
    for host in ("localhost", "127.0.0.1:8080", "192.168.4.1", "[::1]:80", "leukoscope.local"):
        assert browser.get("/lamps", host=host).status_code == 200, host


def test_every_answer_forbids_code_and_content_from_elsewhere(clinic: Clinic, slide: int) -> None:
    browser = clinic.logged_in("admin")
    for path in ("/", "/slides", f"/slides/{slide}", "/lamps", "/audit", "/nowhere", "/static/x"):
        answer = browser.get(path)
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        if "text/html" in answer.headers["content-type"]:
            assert "style=" not in answer.text
            assert "onclick" not in answer.text
            assert "http://" not in answer.text.replace("http://www.w3.org", "")
            assert "https://" not in answer.text


def test_a_wrong_pin_is_told_and_five_lock_the_door(clinic: Clinic) -> None:
    browser = clinic.browser("192.168.4.20")
    for _ in range(4):
        answer = browser.log_in("viewer", "wrong-pin")
        assert answer.status_code == 401
        assert "This PIN is wrong" in answer.text
    assert "Locked for about 1 min" in browser.log_in("viewer", "wrong-pin").text
    assert "Locked" in browser.log_in("viewer", PINS["viewer"]).text
    assert PINS["viewer"] not in browser.log_in("viewer", PINS["viewer"]).text
    clinic.clock.now_s += 31
    assert browser.log_in("viewer", PINS["viewer"]).status_code == 303


def test_a_session_gets_a_new_token_at_the_door_and_ends(clinic: Clinic) -> None:
    browser = clinic.browser("192.168.4.20")
    browser.get("/login")
    before = browser.http.cookies["leukoscope"]
    answer = browser.log_in("viewer", PINS["viewer"])
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert browser.http.cookies["leukoscope"] != before
    assert browser.get("/").status_code == 200
    clinic.clock.now_s += clinic.settings.session_idle_s + 1
    answer = browser.get("/")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/login?next=%2F"


def test_a_live_page_left_open_does_not_keep_a_session_alive(clinic: Clinic) -> None:
    browser = clinic.logged_in("viewer")
    for _ in range(4):
        clinic.clock.now_s += clinic.settings.session_idle_s / 3
        status = browser.get("/live/status?after=99").status_code
    assert status == 401


def test_a_new_pin_or_none_ends_the_sessions_of_the_old_one(clinic: Clinic) -> None:
    from edge.web.roles import Role

    browser = clinic.logged_in("viewer")
    clinic.doors.set_pin("viewer", Role.VIEWER, "other-5719")
    assert browser.get("/").status_code == 303


@pytest.mark.parametrize(
    ("role", "path", "status"),
    [
        ("viewer", "/", 200),
        ("viewer", "/slides", 200),
        ("viewer", "/audit", 403),
        ("reviewer", "/audit", 403),
        ("admin", "/audit", 200),
    ],
)
def test_each_role_sees_what_it_may(clinic: Clinic, role: str, path: str, status: int) -> None:
    answer = clinic.logged_in(role).get(path)
    assert answer.status_code == status
    assert RESEARCH in answer.text


def test_a_viewer_can_look_and_not_touch(clinic: Clinic, slide: int) -> None:
    browser = clinic.logged_in("viewer")
    for path in (
        "/examination/start",
        "/examination/end",
        "/cells/1/call",
        f"/slides/{slide}/note",
        f"/slides/{slide}/sign",
        f"/slides/{slide}/download",
        f"/slides/{slide}/stick",
    ):
        answer = browser.post(path, slide="x", label="blast", note="n", pin="p")
        assert answer.status_code == 403, path
    assert clinic.control.progress.phase is Phase.READY


def test_a_form_from_elsewhere_or_without_its_token_changes_nothing(clinic: Clinic) -> None:
    browser = clinic.logged_in("reviewer")
    start = "/examination/start"
    assert browser.http.post(start, data={"slide": "S-1"}).status_code == 403
    assert browser.http.post(start, data={"slide": "S-1", "csrf": "x"}).status_code == 403
    for headers in (
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
    ):
        assert browser.post(start, headers, slide="S-1").status_code == 403
    assert clinic.control.progress.phase is Phase.READY
    same = {"origin": "http://localhost:8080", "sec-fetch-site": "same-origin"}
    assert browser.post(start, same, slide="S-1").status_code == 303
    assert clinic.control.progress.slide == "S-1"


def test_one_examination_at_a_time(clinic: Clinic) -> None:
    browser = clinic.logged_in("reviewer")
    assert browser.post("/examination/start", slide="S-1").status_code == 303
    answer = browser.post("/examination/start", slide="S-2")
    assert answer.status_code == 409
    assert "E-RUN-02" in answer.text
    assert browser.post("/examination/end").status_code == 303
    assert clinic.control.ended == 1


def test_a_page_left_open_cannot_end_the_next_slides_examination(clinic: Clinic) -> None:
    """Two phones: on one the first slide was ended, and the second begun, while the other slept."""
    one, other = clinic.logged_in("reviewer"), clinic.logged_in("reviewer")
    one.post("/examination/start", slide="S-1")
    shown = 'name="slide" value="S-1" form="when-going-on"'
    assert shown in other.get("/").text, "the page says which slide its button ends"
    clinic.live.states.put(Progress(Phase.ENDED, "S-1"))
    assert shown not in other.get("/live/status").text
    one.post("/examination/start", slide="S-2")
    late = other.post("/examination/end", slide="S-1")
    assert late.status_code == 409
    assert "Meanwhile slide S-2 is being examined" in late.text
    assert clinic.control.ended == 0
    assert other.post("/examination/end", slide="S-2").status_code == 303
    assert clinic.control.ended == 1


def test_the_page_waits_for_no_picture_before_there_is_one(clinic: Clinic) -> None:
    """A browser that asked for it would call the page unfinished for as long as none comes."""
    assert 'src="/live.jpg"' not in clinic.logged_in("viewer").get("/").text


def test_the_control_is_started_by_who_may_and_told_in_every_language(clinic: Clinic) -> None:
    assert clinic.logged_in("viewer").post("/control/start").status_code == 403
    browser = clinic.logged_in("reviewer")
    assert browser.post("/control/start").status_code == 303
    assert clinic.control.progress.slide == "CONTROL stand-in"
    counting = Progress(Phase.COUNTING, "S-1", 1, 5, control="MISSING", indicator="KEEP_COUNTING")
    clinic.live.states.put(counting)
    assert "cannot end green" in browser.get("/live/status").text
    passed = dataclasses.replace(
        counting, phase=Phase.ENDED, control="PASSED", control_words="1 of 98 cells."
    )
    clinic.live.states.put(passed)
    page = browser.get("/live/status").text
    assert "The control slide was passed." in page
    assert '<p lang="en">1 of 98 cells.</p>' in page


def test_a_slide_number_used_before_is_asked_about(clinic: Clinic, slide: int) -> None:
    browser = clinic.logged_in("reviewer")
    answer = browser.post("/examination/start", slide="2024-117")
    assert answer.status_code == 409
    assert "was examined before" in answer.text
    assert f"/slides/{slide}" in answer.text
    assert clinic.control.progress.phase is Phase.READY
    assert browser.post("/examination/start", slide="2024-117", again="yes").status_code == 303


def test_the_counter_offers_a_number_that_was_not_used(clinic: Clinic) -> None:
    examined(clinic.home, 1, "0002")
    assert 'value="0003"' in clinic.logged_in("reviewer").get("/").text


@pytest.mark.parametrize("number", ["", " ", "x" * 65, "a\x00b", "\u202e"])
def test_what_cannot_be_a_slides_number_is_said(clinic: Clinic, number: str) -> None:
    answer = clinic.logged_in("reviewer").post("/examination/start", slide=number)
    assert answer.status_code == 400
    assert clinic.control.progress.phase is Phase.READY


def test_what_was_typed_survives_a_session_that_ended(clinic: Clinic, slide: int) -> None:
    browser = clinic.logged_in("reviewer")
    token = browser.token()
    clinic.clock.now_s += clinic.settings.session_idle_s + 1
    path = f"/slides/{slide}/note"
    answer = browser.http.post(path, data={"csrf": token, "note": "Auer <rod> & more"})
    assert answer.status_code == 401
    assert "Auer &lt;rod&gt; &amp; more" in answer.text
    fields = {
        "name": "reviewer",
        "pin": PINS["reviewer"],
        "next": path,
        "kept:note": "Auer <rod> & more",
        "csrf": token_of(answer.text),
    }
    answer = browser.http.post("/login", data=fields)
    assert "Not saved yet" in answer.text
    answer = browser.http.post(
        path, data={"csrf": token_of(answer.text), "note": "Auer <rod> & more"}
    )
    assert answer.status_code == 303
    assert "Auer &lt;rod&gt; &amp; more" in browser.get(f"/slides/{slide}").text


def test_a_reviewer_changes_a_call_and_both_are_kept(clinic: Clinic, slide: int) -> None:
    browser = clinic.logged_in("reviewer")
    answer = browser.post("/cells/1/call", label="promyelocyte", seen="")
    assert answer.status_code == 303
    page = browser.get("/cells/1").text
    assert "Promyelocyte, reviewer" in page
    assert "Blast" in page
    assert "Calls changed</dt><dd>1" in browser.get(f"/slides/{slide}").text
    piece = browser.post("/cells/2/call", {"x-piece": "yes"}, label="confirm", seen="")
    assert "confirmed" in piece.text
    assert piece.text.count("<li") == 1


def test_two_reviewers_at_once_are_told_of_each_other(clinic: Clinic, slide: int) -> None:
    first, second = clinic.logged_in("reviewer"), clinic.logged_in("admin", "192.168.4.21")
    assert first.post("/cells/1/call", label="monocyte", seen="").status_code == 303
    answer = second.post("/cells/1/call", label="blast", seen="")
    assert answer.status_code == 409
    assert "Somebody else reviewed this" in answer.text
    assert "monocyte by reviewer" in answer.text
    assert "Monocyte, reviewer" in second.get("/cells/1").text


def test_a_signature_needs_the_pin_once_more(clinic: Clinic, slide: int) -> None:
    browser = clinic.logged_in("reviewer")
    path = f"/slides/{slide}/sign"
    answer = browser.post(path, pin="wrong-pin", comment="typed", seen_review="0", seen_note="0")
    assert answer.status_code == 401
    assert ">typed</textarea>" in answer.text
    pin = PINS["reviewer"]
    answer = browser.post(path, pin=pin, comment="seen", seen_review="0", seen_note="0")
    assert answer.status_code == 303
    page = browser.get(f"/slides/{slide}").text
    assert "Signed by reviewer" in page
    assert RESEARCH in page
    stale = browser.post("/cells/1/call", label="monocyte", seen="")
    assert stale.status_code == 303
    answer = browser.post(path, pin=pin, seen_review="0", seen_note="0")
    assert answer.status_code == 409, "one signs only what one has seen"


def test_nobody_reviews_without_a_name(tmp_path: Path) -> None:
    with Clinic(tmp_path, pins=False) as clinic:
        examined(tmp_path, 2)
        answer = clinic.browser().post("/cells/1/call", label="blast", seen="")
        assert answer.status_code == 403
        assert "A review needs a name" in answer.text


def test_the_gallery_is_sorted_by_suspicion_filtered_and_given_out_in_parts(
    clinic: Clinic, slide: int
) -> None:
    import re

    browser = clinic.logged_in("viewer")
    page = browser.get(f"/slides/{slide}").text
    shown = [float(p) for p in re.findall(r'data-p="([0-9.]+)"', page)]
    assert len(shown) == 60
    assert shown == sorted(shown, reverse=True)
    rest = [browser.get(f"/slides/{slide}/cells?from={start}").text for start in (60, 120)]
    assert [part.count("data-p=") for part in rest] == [60, 10]
    blasts = browser.get(f"/slides/{slide}?call=BLAST").text
    assert blasts.count("data-p=") == 13
    assert browser.get(f"/slides/{slide}/cells?since=128").text.count("data-p=") == 2


@pytest.mark.parametrize(
    "path",
    [
        "/cells/99999",
        "/slides/99999",
        "/crops/99999",
        "/fields/1/5",
        "/slides/0",
        "/cells/99999999999999999999999",
        "/slides/1/cells?from=-1&since=x",
        "/nowhere",
        "/static/../pages/live.py",
        "/static/..%2f..%2ferrors.py",
        "/static/%2e%2e/app.py",
        "/slides/..%2f..%2fetc%2fpasswd",
        "/cells/1%0d%0aset-cookie:a=b",
    ],
)
def test_what_is_not_there_is_said_and_nothing_else_is_shown(clinic: Clinic, path: str) -> None:
    answer = clinic.logged_in("admin").get(path)
    assert answer.status_code == 404
    assert "import" not in answer.text
    assert "set-cookie" not in {k for k, v in answer.headers.items() if "a=b" in v}


@pytest.mark.parametrize(
    "text",
    ["{{1217*3}}", "<script>alert(1)</script>", "{% raw %}", "${1217*3}", '"><img src=x>', "{0}"],
)
def test_what_people_type_is_shown_as_typed_and_never_run(clinic: Clinic, text: str) -> None:
    browser = clinic.logged_in("reviewer")
    number = examined(clinic.home, 2, text)
    browser.post(f"/slides/{number}/note", note=text)
    pages = [browser.get(path).text for path in (f"/slides/{number}", "/slides", "/")]
    pages.append(browser.http.get("/slides", params={"slide": text}).text)
    pages.append(browser.post("/examination/start", slide=text).text)
    for page in pages:
        assert "3651" not in page
        assert "<script>alert" not in page
        assert "<img src=x>" not in page


def test_the_next_page_is_always_one_of_this_device(clinic: Clinic) -> None:
    for target in (
        "//evil.example",
        "http://evil.example",
        "/\\evil.example",
        "javascript:x",
        "",
        "/%0d%0a",
        "/a\r\nset-cookie: x=y",
        "https:evil",
    ):
        browser = clinic.browser("192.168.4.20")
        answer = browser.log_in("viewer", PINS["viewer"], next=target)
        assert answer.status_code == 303
        assert answer.headers["location"] in ("/", "/%0d%0a")
        answer = browser.post("/language", language="sw", next=target)
        assert answer.headers["location"] in ("/", "/%0d%0a")


def test_too_much_is_refused_before_it_is_read(tmp_path: Path) -> None:
    with Clinic(tmp_path, settings=PageSettings(upload_bytes=100_000)) as clinic:
        browser = clinic.logged_in("reviewer")
        assert browser.post("/examination/start", slide="x" * 70_000).status_code == 413
        photo = {"photo": ("a.jpg", b"x" * 200_000)}
        token = {"csrf": browser.token()}
        answer = browser.http.post("/slide/barcode", data=token, files=photo)
        assert answer.status_code == 413

        def drop_by_drop():
            for _ in range(30):
                yield b"a" * 5000

        answer = browser.http.post(
            "/slide/barcode",
            content=drop_by_drop(),
            headers={"content-type": "application/x-www-form-urlencoded"},
        )
        assert answer.status_code == 413
        assert browser.get("/").status_code == 200


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_in_every_language_says_that_it_is_no_diagnosis(
    clinic: Clinic, slide: int, language: str
) -> None:
    browser = clinic.logged_in("admin")
    research = load_texts()[language]("page.research").replace("'", "&#39;")
    clinic.live.states.put(
        Progress(
            Phase.ENDED,
            "S-1",
            slide,
            22,
            7,
            1,
            0.3,
            (0.1, 0.5),
            None,
            0,
            "REVIEW",
            "r",
            indicator="REVIEW",
        )
    )
    for path in ("/", "/slides", f"/slides/{slide}", "/cells/3", "/lamps", "/audit", "/login"):
        page = browser.get(path, **{"accept-language": language}).text
        assert f'<html lang="{language}">' in page
        assert research in page, path


def test_a_language_chosen_by_hand_stays(clinic: Clinic) -> None:
    browser = clinic.logged_in("viewer")
    browser.post("/language", language="hi", next="/slides")
    assert '<html lang="hi">' in browser.get("/slides").text


def test_a_page_load_is_light(clinic: Clinic, slide: int) -> None:
    """Markup, style and program of the largest page, crops and pictures apart."""
    browser = clinic.logged_in("admin")
    for path in ("/", f"/slides/{slide}", "/cells/1"):
        parts = [path, "/static/page.css", "/static/page.js", "/static/icon.svg"]
        total = sum(len(browser.get(part).content) for part in parts)
        print(path, total)
        assert total < 100_000


def test_the_check_of_the_chain_finds_what_was_changed(clinic: Clinic, slide: int) -> None:
    import sqlite3

    browser = clinic.logged_in("admin")
    assert "Nothing was changed" in browser.post("/audit").text
    with sqlite3.connect(clinic.home / "records.sqlite3") as database:
        database.execute("DROP TRIGGER verdicts_no_update")
        database.execute("UPDATE verdicts SET verdict = 'NO_BLASTS_FOUND'")
    database.close()
    assert "A record was changed" in browser.post("/audit").text


def test_a_clock_that_nobody_confirmed_is_said_and_can_be_confirmed(
    clinic: Clinic, slide: int
) -> None:
    browser = clinic.logged_in("reviewer")
    page = browser.get("/slides").text
    if "nobody has confirmed it" not in page and "was never set" not in page:
        pytest.skip("this machine's clock is synchronised and trusted")
    assert browser.post("/clock").status_code == 303
    page = browser.get("/slides").text
    assert "nobody has confirmed it" not in page
    assert "was never set" not in page


def test_the_live_page_says_one_thing_at_a_time(clinic: Clinic) -> None:
    """A push blurs a frame or two: no reason to call the person; ten in a row are one."""
    browser = clinic.logged_in("viewer")
    counting = Progress(
        Phase.COUNTING, "S-1", 1, 5, trouble="moving", advice="Hold it.", indicator="KEEP_COUNTING"
    )
    clinic.live.states.put(counting)
    assert "Go on to the next field." in browser.get("/live/status").text
    clinic.live.states.put(dataclasses.replace(counting, indicator="ADVICE"))
    assert "Hold the slide still for a moment." in browser.get("/live/status").text
    unknown = dataclasses.replace(counting, indicator="ADVICE", trouble="too_blue")
    clinic.live.states.put(unknown)
    assert '<p lang="en">Hold it.</p>' in browser.get("/live/status").text
    fault = ("E-CAM-03", "No frame for 5 s.", "Replug it.")
    broken = dataclasses.replace(unknown, phase=Phase.FAULT, indicator="FAULT", fault=fault)
    clinic.live.states.put(broken)
    page = browser.get("/live/status").text
    assert all(words in page for words in fault)
