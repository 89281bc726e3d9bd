"""The button starts and ends examinations, asks for a control slide, and shuts down safely."""

import pytest

from edge.errors import AlreadyExamining
from edge.records.audit import audit
from edge.records.store import Store
from edge.service import ButtonActions, ask_poweroff
from edge.signals.button import Press
from edge.web.control import Phase, Progress


class Loop:
    def __init__(self):
        self.progress = Progress(Phase.READY)
        self.did = []

    def start(self, slide):
        self.did.append(slide)
        self.progress = Progress(Phase.STARTING, slide=slide)

    def start_control(self):
        if self.progress.phase is Phase.COUNTING:
            raise AlreadyExamining("Slide S is being examined.")
        self.did.append("control")

    def end(self):
        self.did.append("end")
        self.progress = Progress(Phase.ENDED)


@pytest.fixture
def loop():
    return Loop()


@pytest.fixture
def off():
    return []


@pytest.fixture
def actions(loop, off, tmp_path):
    return ButtonActions(loop, tmp_path, lambda: off.append(True))


def history(home):
    with Store.open_to_read(home) as store:
        return [(e.kind, e.actor, e.details) for e in audit(store) if e.kind != "CLOCK"]


def test_short_starts_and_short_again_ends(actions, loop):
    actions(Press.SHORT)
    actions(Press.SHORT)
    actions(Press.SHORT)
    first, end, second = loop.did
    assert first.startswith("BUTTON-")
    assert end == "end"
    assert second.startswith("BUTTON-")


def test_after_a_fault_short_starts_anew(actions, loop):
    loop.progress = Progress(Phase.FAULT)
    actions(Press.SHORT)
    assert loop.did[0].startswith("BUTTON-")


def test_a_page_that_was_quicker_is_no_harm_done(loop, tmp_path):
    def taken(slide):
        raise AlreadyExamining("Slide S is being examined.")

    loop.start = taken
    with pytest.raises(AlreadyExamining):
        ButtonActions(loop, tmp_path, lambda: None)(Press.SHORT)


def test_long_begins_the_daily_control_but_never_in_the_middle_of_a_slide(actions, loop):
    actions(Press.LONG)
    assert loop.did == ["control"]
    loop.progress = Progress(Phase.COUNTING, slide="S")
    with pytest.raises(AlreadyExamining):
        actions(Press.LONG)


def test_very_long_leaves_the_request_that_systemd_waits_for(loop, tmp_path):
    runtime = tmp_path / "run"
    runtime.mkdir()
    ButtonActions(loop, tmp_path, lambda: ask_poweroff(runtime))(Press.VERY_LONG)
    assert (runtime / "poweroff").exists()
    assert history(tmp_path) == [("STOP", "button", {"what": "shut-down"})]
    ask_poweroff(None)  # a laptop is not switched off
