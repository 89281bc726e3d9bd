"""The service: loop, lamps and page put together; `leukoscope serve`.

Heartbeats and systemd's watchdog join here: `Service.wait` feeds the watchdog only while every part
has shown that it works. A button calls `Examiner.start` and `Examiner.end`, as the page does.
"""

from __future__ import annotations

import contextlib
import logging
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Protocol

from edge.closing import Closing
from edge.control_day import control_day
from edge.errors import LeukoscopeError
from edge.examiner import Equipment, Examiner
from edge.heartbeats import DISK, Heartbeats
from edge.pacing import HeatWatch
from edge.records.audit import EventKind, record_event
from edge.records.backup import BackupKeeper, recover
from edge.records.pulse import DiskPulse
from edge.records.retention import Retention, is_blocked
from edge.selftest.board import Board
from edge.signals.button import ButtonWatch, Press
from edge.signals.lamps import Input
from edge.systemd import Notifier
from edge.web.app import build_app, build_templates
from edge.web.catalogue import load_texts
from edge.web.control import Control, Phase
from edge.web.desk import Desk
from edge.web.doors import Doors
from edge.web.field_picture import encode_field
from edge.web.live import LiveView
from edge.web.server import PageServer
from edge.web.sessions import Sessions
from edge.web.settings import PageSettings
from edge.web.visit import Parts

_THIS_MACHINE = "127.0.0.1"
_LOOK_S = 1.0
"""Between two looks at the parts, well within the unit's watchdog."""

_log = logging.getLogger("leukoscope.service")


@dataclass(frozen=True)
class Address:
    """Where the page answers.

    Attributes:
        host: Address it listens at.
        port: TCP port.
        open_to_network: Whether other machines are let in.
    """

    host: str
    port: int
    open_to_network: bool

    @property
    def url(self) -> str:
        """For a browser on this machine."""
        return f"http://localhost:{self.port}/"


class Steered(Control, Protocol):
    """Whoever runs examinations, as the button sees it."""

    def start_control(self) -> None:
        """Ask for the daily control to begin."""
        ...


class ButtonActions:
    """What presses of the button ask for.

    Args:
        control: Starts and ends examinations.
        home: The data folder.
        ask_poweroff: Leaves the request to shut down where the system sees it.
    """

    def __init__(self, control: Steered, home: Path, ask_poweroff: Callable[[], None]) -> None:
        self._control = control
        self._home = home
        self._ask_poweroff = ask_poweroff

    def __call__(self, press: Press) -> None:
        """Do what a press asks for.

        Raises:
            AlreadyExamining: The page was quicker.
            LeukoscopeError: It could not be recorded.
        """
        if press is Press.VERY_LONG:
            record_event(self._home, EventKind.STOP, "button", what="shut-down")
            self._ask_poweroff()
        elif press is Press.LONG:
            self._control.start_control()
        elif _goes_on(self._control):
            self._control.end()
        else:
            # Nobody typed a label: the time names the slide until the page gives it a better one.
            self._control.start(f"BUTTON-{datetime.now(UTC):%Y%m%d-%H%M%S}")


def _goes_on(control: Control) -> bool:
    """Whether a slide is being examined."""
    return control.progress.phase in (Phase.STARTING, Phase.COUNTING)


def ask_poweroff(runtime: Path | None) -> None:
    """Ask for a safe shut-down: `leukoscope-poweroff.path` waits for this file.

    Args:
        runtime: The service's folder under ``/run``; None where it is no service.
    """
    if runtime is None:
        _log.warning("no service: nothing to shut down")
    else:
        (runtime / "poweroff").touch()


class Service(Closing):
    """Everything that runs while the device is on; closing it stops all of it in order.

    Args:
        equipment: What examinations are made with.
        port: TCP port; None for the settings' own.
        heartbeats: Where the parts' signs of life are kept.
        button: Its pin; None where there is none.
        board: The machine, asked how hot it is; only a Pi is slowed down for it.

    Raises:
        PageUnreachable: The port is taken or not allowed.
        PinsDamaged: The file of PINs cannot be read.
        LeukoscopeError: The records cannot be opened.
    """

    def __init__(
        self,
        equipment: Equipment,
        port: int | None = None,
        heartbeats: Heartbeats | None = None,
        button: Input | None = None,
        board: Board | None = None,
    ) -> None:
        self.heartbeats = beats = heartbeats or Heartbeats()
        settings = equipment.settings.page
        recovered = recover(equipment.home)
        if recovered is not None:
            _log.error(
                "%s The damaged files lie in %s; in use now: %s.",
                recovered.why,
                recovered.moved_to,
                recovered.restored_from or "new, empty records",
            )
        with contextlib.ExitStack() as opened:
            desk = opened.enter_context(Desk(equipment.home))
            desk.ask_now(lambda store: store)  # records that cannot be opened are a fault now
            doors = Doors(equipment.home)
            encoder = ThreadPoolExecutor(1, thread_name_prefix="pictures")
            opened.callback(encoder.shutdown)
            live = LiveView(settings, encode_field, encoder)
            machine = board or Board()
            pace = opened.enter_context(HeatWatch(machine)) if machine.is_pi else None
            interval_s = (lambda: pace.interval_s) if pace is not None else (lambda: 0.0)
            examiner = opened.enter_context(Examiner(equipment, live, beats.beat, interval_s))
            app = build_app(_parts(equipment, doors, desk, live, examiner))
            host = settings.address if doors.are_set else _THIS_MACHINE
            server = PageServer(app, host, settings.port if port is None else port)
            opened.enter_context(server)
            opened.callback(live.close)
            opened.enter_context(
                DiskPulse(equipment.home, lambda: beats.beat(DISK), examiner.tell_trouble)
            )
            opened.enter_context(Retention(equipment.home, equipment.settings.records))
            opened.enter_context(BackupKeeper(equipment.home, lambda: not _goes_on(examiner)))
            if button is not None:
                runtime = os.environ.get("RUNTIME_DIRECTORY")
                off = partial(ask_poweroff, Path(runtime) if runtime else None)
                actions = ButtonActions(examiner, equipment.home, off)
                opened.enter_context(ButtonWatch(button, actions))
            record_event(equipment.home, EventKind.START, what="service", port=server.port)
            self._opened = opened.pop_all()
        self._home = equipment.home
        self._closed = False
        self.examiner: Control = examiner
        self.live = live
        self.address = Address(host, server.port, doors.are_set)
        self._server = server

    def wait(self, notifier: Notifier | None = None) -> None:
        """Wait until somebody ends the program, or the page dies.

        The service manager's watchdog is fed meanwhile, and starves as soon as one part is silent
        for longer than its limit: a hang is then ended from outside, whatever hangs.
        """
        manager = notifier or Notifier()
        manager.ready()
        idle = threading.Event()
        told = ""
        while self._server.is_alive:
            overdue = self.heartbeats.overdue()
            if not overdue:
                manager.alive()
            status = self._status(overdue)
            if status != told:
                (_log.error if overdue else _log.info)("%s", status)
                manager.status(status)
                told = status
            idle.wait(_LOOK_S)

    def _status(self, overdue: list[str]) -> str:
        """How it goes, in one line for `systemctl status` and the journal."""
        progress = self.examiner.progress
        if overdue:
            return f"no sign of life from: {', '.join(overdue)}"
        if progress.fault is not None:
            return f"fault {progress.fault[0]}: {progress.fault[1]}"
        slow = ", slowly: the board is hot or slowed down" if progress.is_slow else ""
        return f"{progress.phase.value.lower()}, lamps say {progress.indicator or 'nothing'}{slow}"

    def close(self) -> None:
        """Stop page and loop, and close the records; more than one call does no harm."""
        if not self._closed:
            self._closed = True
            self._opened.close()
            with contextlib.suppress(LeukoscopeError):
                record_event(self._home, EventKind.STOP, what="service")


def _parts(
    equipment: Equipment, doors: Doors, desk: Desk, live: LiveView, control: Control
) -> Parts:
    settings: PageSettings = equipment.settings.page
    return Parts(
        settings=settings,
        doors=doors,
        sessions=Sessions(settings.session_idle_s, settings.session_s),
        live=live,
        control=control,
        desk=desk,
        texts=load_texts(),
        templates=build_templates(equipment.settings.verdict.share_limit),
        home=equipment.home,
        is_blocked=lambda store: is_blocked(store, equipment.settings.records),
        control_day=lambda store: control_day(
            store,
            equipment.settings.control,
            equipment.source,
            equipment.classifier.bundle.sha256,
        ),
    )
