"""A card that answers, one that is full, one that cannot be written: each heard, none hanging."""

import os
import threading

import pytest

from edge.errors import DiskFull, StoreUnwritable
from edge.records import pulse as pulse_module
from edge.records.pulse import PULSE_FILE, DiskPulse, pulse


def test_a_pulse_is_a_few_bytes_written_over_themselves(tmp_path):
    pulse(tmp_path)
    first = (tmp_path / PULSE_FILE).read_bytes()
    pulse(tmp_path)
    assert (tmp_path / PULSE_FILE).read_bytes() > first
    assert (tmp_path / PULSE_FILE).stat().st_size == 20


def test_a_card_nearly_full_is_said_before_an_examination_begins(tmp_path, monkeypatch):
    monkeypatch.setattr(pulse_module, "LEAST_FREE_BYTES", 1 << 62)
    with pytest.raises(DiskFull, match="too little for an examination"):
        pulse(tmp_path)


def test_a_folder_that_is_gone_is_unwritable(tmp_path):
    with pytest.raises(StoreUnwritable):
        pulse(tmp_path / "gone")


def test_trouble_comes_and_goes_and_every_answer_is_a_beat(tmp_path):
    told, beats, enough = [], [], threading.Event()

    def beat():
        beats.append(1)
        if len(beats) == 1:
            home.mkdir()  # the card is back
        if len(beats) == 3:
            enough.set()

    home = tmp_path / "card"
    with DiskPulse(home, beat, told.append, period_s=0.01):
        assert enough.wait(10)
    assert isinstance(told[0], StoreUnwritable)
    assert told[1] is None
    assert len(told) >= len(beats) - 1


def test_a_card_that_hangs_beats_no_more(tmp_path, monkeypatch):
    release = threading.Event()
    monkeypatch.setattr(os, "fdatasync", lambda descriptor: release.wait(20))
    beats = []
    watched = DiskPulse(tmp_path, lambda: beats.append(1), lambda fault: None, period_s=0.01)
    assert not release.wait(0.2)
    assert beats == []
    release.set()
    watched.close()
