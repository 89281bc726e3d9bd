"""The page in a real browser: what a technician and a reviewer do, from the first slide on.

Needs Debian's chromium; skips without it. Screenshots of every page go to ``out/screenshots``.
"""

from __future__ import annotations

import shutil
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import pytest

from edge.camera.source import open_camera
from edge.cli import main
from edge.examiner import Equipment
from edge.inference.classifier import Classifier
from edge.records.controls import control_runs
from edge.records.store import Store
from edge.service import Service
from edge.settings import Settings
from edge.signals.panel import NoLamps
from edge.web.catalogue import LANGUAGES, load_texts
from edge.web.control import Phase, Progress, Remark
from edge.web.doors import Doors
from edge.web.roles import Role
from tests.edge.web.test_control_page import six_weeks_of_control
from tests.edge.web.test_page import examined
from tests.shared_data import REPOSITORY

CHROMIUM = shutil.which("chromium")
pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed"),
    pytest.mark.skipif(find_spec("playwright") is None, reason="playwright is not installed"),
]
SHOTS = REPOSITORY / "out" / "screenshots"
SOURCE = "phantom:leukemic?seed=7&viewport=960x720"
NAME, PIN = "A. Mwangi", "tundra-58"
DESK, PHONE = {"width": 1280, "height": 860}, {"width": 390, "height": 844}
OWN_SCREEN = {"width": 800, "height": 480}
PATIENCE_MS = 60_000


@dataclass
class Device:
    """A device that is switched on."""

    service: Service
    home: Path
    url: str


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as tools:
        opened = tools.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def device(tmp_path_factory: pytest.TempPathFactory, classifier: Classifier) -> Iterator[Device]:
    home = tmp_path_factory.mktemp("home")
    doors = Doors(home)
    doors.set_pin(NAME, Role.REVIEWER, PIN)
    doors.set_pin("admin", Role.ADMIN, PIN)
    equipment = Equipment(
        partial(open_camera, SOURCE), SOURCE, classifier, home, Settings(), NoLamps(), 0.2
    )
    examined(home, 1000, "many")
    with Service(equipment, port=0) as service:
        yield Device(service, home, service.address.url.rstrip("/"))


@pytest.fixture
def visit(browser, device: Device, request: pytest.FixtureRequest):
    """Opens pages; every error of the browser's console fails the test at its end."""
    contexts, problems = [], []

    def opened(viewport=None, language="en", name=NAME, javascript=True):
        context = browser.new_context(
            viewport=viewport or DESK,
            locale=language,
            java_script_enabled=javascript,
            has_touch=viewport in (PHONE, OWN_SCREEN),
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on(
            "console",
            lambda m: problems.append(m.text) if "Content Security Policy" in m.text else None,
        )
        if name:
            page.goto(device.url + "/login")
            page.select_option("#name", name)
            page.fill("#pin", PIN)
            page.click("main form button:not([type=button])")
            page.wait_for_url(device.url + "/")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert not problems


def _shot(page, name: str) -> None:
    SHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SHOTS / f"{name}.png", full_page=True)


def _grave_findings(page) -> list[str]:
    """What axe-core calls serious or critical, by the rules of WCAG 2.2 A and AA."""
    import axe_playwright_python

    source = Path(axe_playwright_python.__file__).with_name("axe.min.js")
    page.evaluate(source.read_text(encoding="utf-8"))
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
    found = page.evaluate("tags => axe.run(document, {runOnly: {type: 'tag', values: tags}})", tags)
    return [
        f"{v['id']}: {node['html'][:120]}"
        for v in found["violations"]
        if v["impact"] in ("serious", "critical")
        for node in v["nodes"]
    ]


def test_a_whole_examination_and_two_who_watch_it(visit, device: Device) -> None:
    technician, onlooker = visit(), visit(PHONE)
    technician.fill("#slide", "2024-117")
    technician.click("text=Start examination")
    for page in (technician, onlooker):
        page.wait_for_selector("#field:not([hidden])")
        page.wait_for_selector("text=Slide 2024-117")
    first = onlooker.get_attribute("#field", "src")
    onlooker.wait_for_function("src => document.getElementById('field').src !== src", arg=first)
    _shot(onlooker, "live-phone-counting")
    technician.wait_for_selector("[data-part=lamp].REVIEW")
    technician.wait_for_selector("#when-idle:not([hidden])")
    onlooker.wait_for_selector("text=A trained person must look at this slide now.")
    assert onlooker.locator(".research").is_visible()
    _shot(technician, "live")
    _shot(onlooker, "live-phone")
    assert _grave_findings(technician) == []
    technician.click("text=Result and cells")
    technician.wait_for_selector(".gallery .cell")
    _shot(technician, "examination")
    assert technician.locator(".gallery img").first.evaluate("i => i.complete")


@pytest.mark.parametrize("viewport", [PHONE, OWN_SCREEN], ids=["phone", "own-screen"])
def test_lamp_and_sentence_are_seen_without_scrolling(visit, device: Device, viewport) -> None:
    page = visit(viewport)
    for part in ("lamp", "advice"):
        box = page.locator(f"[data-part={part}]").bounding_box()
        assert box["y"] + box["height"] <= viewport["height"], part
    if viewport == OWN_SCREEN:
        box = page.locator(".field").bounding_box()
        assert box["y"] + box["height"] <= viewport["height"]
    _shot(page, f"live-{viewport['width']}x{viewport['height']}")
    assert _grave_findings(page) == []


@pytest.mark.parametrize("viewport", [PHONE, OWN_SCREEN], ids=["phone", "own-screen"])
@pytest.mark.parametrize("language", ["en", "hi"])
def test_the_controls_chart_fits_the_screen(
    visit, device: Device, classifier: Classifier, viewport, language
) -> None:
    with Store.open(device.home) as store:
        if not control_runs(store):
            six_weeks_of_control(store, "phantom", classifier.bundle.sha256)
    page = visit(viewport, language=language)
    page.click(f"text={load_texts()[language]('control.link')}")
    page.wait_for_selector(".charts svg")
    assert page.locator(".charts svg").count() == 2
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
    page.click("summary")
    _shot(page, f"control-{viewport['width']}-{language}")
    assert _grave_findings(page) == []


def test_a_dossier_comes_to_the_phone_as_one_file(visit, device: Device, tmp_path: Path) -> None:
    page = visit(PHONE)
    page.goto(device.url + "/slides/1")
    page.click("#dossier summary")
    assert page.locator("#sticks").is_visible()
    with page.expect_download() as waited:
        page.click("button[value=zip]")
    saved = tmp_path / waited.value.suggested_filename
    waited.value.save_as(saved)
    assert saved.suffix == ".zip"
    assert zipfile.is_zipfile(saved)
    assert main(["verify", str(saved), "--home", str(device.home)]) == 0
    assert _grave_findings(page) == []


def test_a_reviewer_works_with_keys_alone_and_signs(visit, device: Device) -> None:
    page = visit()
    page.goto(device.url + "/slides?slide=2024-117")
    page.click(".row")
    page.wait_for_selector(".gallery .cell")
    page.focus(".gallery .cell >> nth=0")
    first = page.locator(".gallery .cell").first.get_attribute("id")
    page.keyboard.press("c")
    page.wait_for_selector(f"#{first}.told")
    focused = page.evaluate("document.activeElement.id")
    assert focused == page.locator(".gallery .cell").nth(1).get_attribute("id")
    page.keyboard.press("m")
    page.wait_for_selector(f"#{focused}.told")
    assert "Monocyte" in page.locator(f"#{focused}").inner_text()
    page.reload()
    assert page.locator(".cell.told").count() == 2
    page.click("summary:has-text('Sign')")
    page.fill("#sign-pin", PIN)
    page.click("text=Sign with PIN")
    page.wait_for_selector(f"text=Signed by {NAME}")
    assert _grave_findings(page) == []
    _shot(page, "signed")


def test_a_tap_on_a_cell_shows_its_neighbours(visit, device: Device) -> None:
    page = visit(PHONE)
    page.goto(device.url + "/slides?slide=2024-117")
    page.tap(".row")
    page.tap(".gallery .cell >> nth=0")
    page.wait_for_selector(".field-picture rect")
    assert page.locator(".field-picture a").count() >= 1
    _shot(page, "cell-phone")
    assert _grave_findings(page) == []
    page.click("text=Next")
    page.wait_for_selector("text=Previous")


def test_somebody_else_was_faster(visit, device: Device) -> None:
    slow, fast = visit(), visit(name="admin")
    for page in (slow, fast):
        page.goto(device.url + "/slides?slide=many")
        page.click(".row")
        page.wait_for_selector(".gallery .cell")
    cell = slow.locator(".gallery .cell").nth(3).get_attribute("id")
    for page, key in ((fast, "e"), (slow, "b")):
        page.focus(f"#{cell}")
        page.keyboard.press(key)
    slow.wait_for_selector("#review-failed:not([hidden])")
    assert "Somebody else reviewed this" in slow.locator("#review-failed").inner_text()


def test_a_thousand_cells_scroll_smoothly(visit, device: Device) -> None:
    page = visit(PHONE)
    page.goto(device.url + "/slides?slide=many")
    page.click(".row")
    page.wait_for_selector(".gallery .cell")
    for _ in range(60):
        page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
        if page.locator(".gallery .cell").count() == 1000:
            break
        time.sleep(0.2)
    assert page.locator(".gallery .cell").count() == 1000
    frames_ms = page.evaluate("""async () => {
        const times = []; let last = performance.now();
        for (let i = 0; i < 60; i++) {
            window.scrollBy(0, -400);
            await new Promise(requestAnimationFrame);
            times.push(performance.now() - last); last = performance.now();
        }
        return times.sort((a, b) => a - b);
    }""")
    print(f"frame while scrolling: median {frames_ms[30]:.0f} ms, 95% {frames_ms[57]:.0f} ms")
    assert frames_ms[30] < 100


def test_without_javascript_the_page_still_works(visit, device: Device) -> None:
    page = visit(javascript=False)
    assert page.locator("#field").is_visible()
    page.goto(device.url + "/slides?slide=many")
    page.click(".row")
    page.click(".gallery .cell >> nth=7")
    page.click("text=Confirm:")
    page.wait_for_selector("h1")
    page.goto(device.url + "/slides?slide=many")
    page.click(".row")
    assert page.locator(".cell.told").count() >= 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_fits_on_a_phone(visit, device: Device, language: str) -> None:
    page = visit(PHONE, language, name=None)
    texts = load_texts()[language]
    page.goto(device.url + "/login")
    page.select_option("#name", "admin")
    page.fill("#pin", PIN)
    page.click("main form button:not([type=button])")
    page.wait_for_url(device.url + "/")
    for path in ("/", "/slides", "/slides/1", "/cells/5", "/lamps", "/people", "/audit"):
        page.goto(device.url + path)
        assert page.get_attribute("html", "lang") == language
        assert texts("page.research") in page.inner_text(".research")
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= PHONE["width"], f"{path} is {width} px wide"
        assert _grave_findings(page) == [], path
    page.goto(device.url + "/lamps")
    _shot(page, f"lamps-phone-{language}")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_word_on_the_scale_leaves_the_advice_in_sight_on_a_phone(
    visit, device: Device, language: str
) -> None:
    page = visit(PHONE, language)
    board = device.service.live.states
    before = board.newest.value
    values = (("scale", "0.130"), ("before", "0.200; 0.080"))
    remark = Remark("scale.new_objective", "", values)
    state = Progress(Phase.COUNTING, slide="S-1", indicator="ADVICE", trouble="out_of_focus")
    board.put(replace(state, advice="Turn.", remarks=(remark,)))
    try:
        page.wait_for_selector("[data-part=lamp].ADVICE")
        said = page.locator("[data-part=advice]")
        assert load_texts()[language]("advice.out_of_focus") in said.inner_text()
        assert said.locator(".hint").inner_text().count("0") >= 4
        box = said.bounding_box()
        assert box["y"] + box["height"] <= PHONE["height"]
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        assert _grave_findings(page) == []
        _shot(page, f"live-phone-scale-{language}")
    finally:
        board.put(before)


def test_the_longest_slide_number_without_a_blank_fits_a_small_phone(visit, device: Device) -> None:
    number = examined(device.home, 3, "W" * 64)
    with Store.open_to_read(device.home) as store:
        cell = store.cells(number)[0].number
    small = {"width": 360, "height": 740}
    page = visit(small)
    for path in (f"/slides/{number}", f"/cells/{cell}", "/slides"):
        page.goto(device.url + path)
        assert "W" * 64 in page.inner_text("main").replace("\n", "")
        assert page.evaluate("document.documentElement.scrollWidth") <= small["width"], path
