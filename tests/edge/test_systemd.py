"""What the service manager hears, on a socket like its own."""

import os
import socket

import pytest

from edge.systemd import Notifier


@pytest.fixture(params=["path", "abstract"])
def manager(request, tmp_path):
    name = str(tmp_path / "notify") if request.param == "path" else f"@leukoscope-{os.getpid()}"
    heard = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    heard.bind(name.replace("@", "\0", 1) if request.param == "abstract" else name)
    heard.settimeout(2)
    yield name, heard
    heard.close()


def test_each_word_is_one_datagram(manager):
    name, heard = manager
    notifier = Notifier({"NOTIFY_SOCKET": name})
    assert notifier.is_heard
    notifier.ready()
    notifier.alive()
    notifier.status("counting,\n 12 cells")
    notifier.more_time(2.5)
    notifier.stopping()
    said = [heard.recv(200).decode() for _ in range(5)]
    assert said == [
        "READY=1",
        "WATCHDOG=1",
        "STATUS=counting, 12 cells",
        "EXTEND_TIMEOUT_USEC=2500000",
        "STOPPING=1",
    ]


def test_without_a_manager_nothing_is_said_and_nothing_fails():
    notifier = Notifier({})
    notifier.ready()
    assert not notifier.is_heard
    Notifier({"NOTIFY_SOCKET": "/nowhere/at/all"}).alive()


@pytest.mark.parametrize(
    ("environ", "seconds"),
    [
        ({"WATCHDOG_USEC": "8000000"}, 8.0),
        ({"WATCHDOG_USEC": "8000000", "WATCHDOG_PID": str(os.getpid())}, 8.0),
        ({"WATCHDOG_USEC": "8000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({}, None),
    ],
)
def test_the_watchdogs_time_is_for_this_process_only(environ, seconds):
    assert Notifier(environ).watchdog_s == seconds
