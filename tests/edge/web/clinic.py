"""A clinic's page without a camera: real page, doors and records, a stand-in for the loop."""

from __future__ import annotations

import re
from contextlib import contextmanager
from pathlib import Path

from starlette.testclient import TestClient

from edge.closing import Closing
from edge.control_day import control_day
from edge.errors import AlreadyExamining
from edge.judgement.control import ControlSettings
from edge.records.slide import checked_slide
from edge.records.sticks import Stick
from edge.web.app import build_app, build_templates
from edge.web.catalogue import load_texts
from edge.web.control import Phase, Progress
from edge.web.desk import Desk
from edge.web.doors import Doors
from edge.web.field_picture import encode_field
from edge.web.live import LiveView
from edge.web.roles import Role
from edge.web.sessions import Sessions
from edge.web.settings import PageSettings
from edge.web.sticks import StickLook
from edge.web.visit import Parts

MODEL = "0" * 64
"""Hash of the model in use."""
PINS = {"viewer": "view-4711", "reviewer": "rev-2580", "admin": "adm-9036"}


class StandInControl:
    """Obeys the rules of the real one, without a camera."""

    def __init__(self, live: LiveView) -> None:
        self._live = live
        self.ended = 0

    @property
    def progress(self) -> Progress:
        return self._live.states.newest.value

    def start(self, slide: str) -> None:
        slide = checked_slide(slide)
        if self.progress.phase is Phase.COUNTING:
            raise AlreadyExamining(f"Slide {self.progress.slide} is being examined.")
        self._live.states.put(Progress(Phase.COUNTING, slide=slide))

    def start_control(self) -> None:
        self.start("CONTROL stand-in")

    def end(self) -> None:
        self.ended += 1


class Clock:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


class Clinic(Closing):
    """The page of one clinic; ``browser`` gives visitors to it."""

    def __init__(
        self,
        home: Path,
        pins: bool = True,
        settings: PageSettings | None = None,
        stick_patience_s: float = 5.0,
        control: ControlSettings | None = None,
    ) -> None:
        home.mkdir(parents=True, exist_ok=True)
        self.home = home
        self.clock = Clock()
        self.settings = settings or PageSettings()
        self.doors = Doors(home, self.clock)
        if pins:
            for role in (Role.VIEWER, Role.REVIEWER, Role.ADMIN):
                self.doors.set_pin(role.word, role, PINS[role.word])
        self.live = LiveView(self.settings, encode_field)
        self.control = StandInControl(self.live)
        self.desk = Desk(home)
        self.sticks: list[Stick] = []
        self.stick_look = StickLook(lambda: self.sticks, stick_patience_s)
        self.app = build_app(
            Parts(
                settings=self.settings,
                doors=self.doors,
                sessions=Sessions(
                    self.settings.session_idle_s, self.settings.session_s, self.clock
                ),
                live=self.live,
                control=self.control,
                desk=self.desk,
                home=home,
                texts=load_texts(),
                templates=build_templates(0.05),
                stick_look=self.stick_look,
                control_day=lambda store: control_day(
                    store, control or ControlSettings(), "picamera", MODEL
                ),
            )
        )

    def close(self) -> None:
        self.live.close()
        self.desk.close()

    def browser(self, address: str = "127.0.0.1", language: str = "en") -> Browser:
        return Browser(self, address, language)

    def logged_in(self, role: str, address: str = "192.168.4.20") -> Browser:
        browser = self.browser(address)
        answer = browser.log_in(role, PINS[role])
        assert answer.status_code == 303, answer.text
        return browser


class Browser:
    """One visitor's browser: keeps cookies and sends the hidden token of the page it is on."""

    def __init__(self, clinic: Clinic, address: str, language: str) -> None:
        self.http = TestClient(
            clinic.app,
            base_url="http://localhost:8080",
            client=(address, 50000),
            follow_redirects=False,
            headers={"accept-language": language},
        )

    def get(self, path: str, **headers: str):
        return self.http.get(path, headers=headers)

    def token(self, path: str = "/lamps") -> str:
        return token_of(self.get(path).text)

    def post(self, path: str, headers: dict[str, str] | None = None, **fields: str):
        data = {"csrf": self.token()} | fields
        return self.http.post(path, data=data, headers=headers or {})

    def log_in(self, name: str, pin: str, **more: str):
        return self.post("/login", name=name, pin=pin, **more)


def token_of(html: str) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', html)
    assert found, html
    return found[1]


@contextmanager
def open_clinic(home: Path, **options: object):
    with Clinic(home, **options) as clinic:  # type: ignore[arg-type]
        yield clinic
