"""The device as its user starts it: `leukoscope pin`, then `leukoscope serve`, then a browser."""

from __future__ import annotations

import http.client
import io
import logging
import re
import socket
import time
import urllib.parse
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from edge.camera.source import open_camera
from edge.cli import main
from edge.errors import PageUnreachable
from edge.examiner import Equipment
from edge.inference.classifier import Classifier
from edge.records.audit import audit
from edge.records.store import Store
from edge.service import Service
from edge.settings import Settings
from edge.signals.panel import NoLamps
from edge.web.control import Phase

SOURCE = "phantom:leukemic?seed=21&viewport=960x720"


def _equipment(classifier: Classifier, home: Path) -> Equipment:
    opener = partial(open_camera, SOURCE)
    return Equipment(opener, SOURCE, classifier, home, Settings(), NoLamps(), 0.2)


@pytest.fixture
def service(classifier: Classifier, tmp_path: Path) -> Iterator[Service]:
    with Service(_equipment(classifier, tmp_path), port=0) as made:
        yield made


def _get(service: Service, path: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", service.address.port, timeout=20)
    connection.request("GET", path)
    answer = connection.getresponse()
    status, body = answer.status, answer.read()
    connection.close()
    return status, body


def test_without_a_pin_it_listens_to_this_machine_only(service: Service) -> None:
    assert service.address.host == "127.0.0.1"
    assert not service.address.open_to_network
    status, body = _get(service, "/")
    assert status == 200
    assert b"not a diagnosis" in body


def test_viewers_who_never_read_and_who_vanish_cost_the_loop_nothing(service: Service) -> None:
    """Their sockets stand open with questions in them while a slide is examined to its verdict."""
    stuck = []
    for i in range(8):
        lazy = socket.create_connection(("127.0.0.1", service.address.port))
        lazy.sendall(b"GET /live.jpg?after=0 HTTP/1.1\r\nHost: localhost\r\n\r\n")
        if i % 2:
            lazy.close()
        else:
            stuck.append(lazy)
    service.examiner.start("S-1")
    until_s = time.monotonic() + 60
    while service.examiner.progress.phase is not Phase.ENDED:
        assert time.monotonic() < until_s
        time.sleep(0.05)
    assert service.examiner.progress.verdict == "REVIEW"
    assert _get(service, "/")[0] == 200
    for lazy in stuck:
        lazy.close()


def test_a_taken_port_is_said_and_nothing_is_left_open(
    classifier: Classifier, tmp_path: Path, service: Service
) -> None:
    with pytest.raises(PageUnreachable) as fault:
        Service(_equipment(classifier, tmp_path), port=service.address.port)
    assert str(service.address.port) in fault.value.cause


def test_start_and_stop_are_in_the_audit(classifier: Classifier, tmp_path: Path) -> None:
    with Service(_equipment(classifier, tmp_path), port=0):
        pass
    with Store.open_to_read(tmp_path) as store:
        kinds = [entry.kind for entry in audit(store)]
    assert kinds[0] == "STOP"
    assert "START" in kinds


def test_the_installer_sets_a_pin_and_the_network_is_let_in(
    classifier: Classifier,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    home, pin = str(tmp_path), "tundra-58"
    monkeypatch.setattr("sys.stdin", io.StringIO(pin + "\n"))
    assert main(["pin", "--home", home, "--role", "reviewer", "--name", "A. Mwangi"]) == 0
    assert main(["pin", "--home", home, "--list"]) == 0
    assert "A. Mwangi  reviewer" in capsys.readouterr().out
    with (
        caplog.at_level(logging.DEBUG),
        Service(_equipment(classifier, tmp_path), port=0) as service,
    ):
        assert service.address.open_to_network
        connection = http.client.HTTPConnection("127.0.0.1", service.address.port, timeout=20)
        connection.request("GET", "/login")
        answer = connection.getresponse()
        cookie = str(answer.getheader("set-cookie")).partition(";")[0]
        token = re.search(r'name="csrf" value="([^"]+)"', answer.read().decode())
        assert token
        fields = {"csrf": token[1], "name": "A. Mwangi", "pin": pin}
        headers = {"cookie": cookie, "content-type": "application/x-www-form-urlencoded"}
        connection.request("POST", "/login", urllib.parse.urlencode(fields), headers)
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 303
        assert answer.getheader("location") == "/"
        connection.close()
    assert pin not in caplog.text
    assert cookie not in caplog.text
    assert pin not in (tmp_path / "doors.json").read_text()
    assert pin.encode() not in (tmp_path / "records.sqlite3").read_bytes()


@pytest.mark.parametrize(
    "words",
    [
        ["pin"],
        ["pin", "--role", "king"],
        ["pin", "--remove", "--name", "nobody"],
        ["pin", "--role", "admin"],
    ],
)
def test_a_wrong_word_or_a_weak_pin_is_one_line(
    words: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("123456\n"))
    assert main([*words, "--home", str(tmp_path)]) == 2
    assert capsys.readouterr().err.count("\n") == 1
