"""The time of records on a device without internet and without a battery for its clock."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from edge.records.audit import EventKind, event_details
from edge.records.clock import ClockTrust, Reading, SystemClock, trust
from edge.records.store import Store
from tests.edge.records.examples import MovableClock, begin, finished_examination, moment


def clock_events(store):
    return [details for _, details in event_details(store, EventKind.CLOCK)]


@pytest.fixture
def clock():
    return MovableClock(moment(3, 1))


@pytest.fixture
def store(tmp_path, clock):
    with Store.open(tmp_path, clock) as opened:
        yield opened


@pytest.mark.parametrize(
    ("now", "vouched_by", "confirmed", "expected"),
    [
        (moment(3, 1), "network", False, ClockTrust.SET),
        (moment(3, 1), "battery", False, ClockTrust.SET),
        (moment(3, 1), "", True, ClockTrust.SET),
        (moment(3, 1), "", False, ClockTrust.UNCONFIRMED),
        (moment(1, 1, year=1970), "", False, ClockTrust.NOT_SET),
        (moment(1, 1, year=1970), "battery", False, ClockTrust.NOT_SET),
        (moment(5, 1, year=2024), "network", True, ClockTrust.NOT_SET),
    ],
)
def test_who_vouches_for_the_clock(now, vouched_by, confirmed, expected):
    assert trust(Reading(now, "boot", 1.0, vouched_by), confirmed) is expected
    assert expected.words


def test_an_examination_says_how_far_its_time_can_be_trusted(store, clock):
    finished_examination(store, "network")
    clock.reboot(moment(3, 2))
    finished_examination(store, "nobody")
    clock.reboot(datetime(1970, 1, 1, tzinfo=UTC))
    finished_examination(store, "never set")
    finished_examination(store, "older program", conditions=None)
    told = {e.slide: e.clock for e in store.examinations()}
    assert told == {
        "network": ClockTrust.SET,
        "nobody": ClockTrust.UNCONFIRMED,
        "never set": ClockTrust.NOT_SET,
        "older program": None,
    }
    assert store.inspect_chain().whole


def test_one_event_a_boot_however_many_records(store, clock):
    for _ in range(5):
        finished_examination(store)
        clock.wait(600)
    assert len(clock_events(store)) == 1
    clock.reboot(clock.now + timedelta(hours=8))
    finished_examination(store)
    assert len(clock_events(store)) == 2


def test_a_clock_that_jumps_years_is_an_event_and_order_stays(store, clock):
    clock.reboot(moment(3, 1, year=2027))
    first = begin(store, "before")
    clock.set(moment(3, 1, year=2031))
    second = begin(store, "after")
    jump = clock_events(store)[-1]
    assert jump["step_s"] == pytest.approx(4 * 365.25 * 86400, rel=0.01)
    assert [e.number for e in store.examinations()] == [first, second]


def test_time_that_goes_back_after_a_power_cut_is_said_once(store, clock):
    finished_examination(store, "before")
    clock.reboot(moment(2, 1))
    finished_examination(store, "after")
    clock.wait(60)
    finished_examination(store, "later")
    said = [details for details in clock_events(store) if "behind_s" in details]
    assert len(said) == 1
    assert said[0]["behind_s"] == pytest.approx(28 * 86400, rel=0.01)
    before, after, later = store.examinations()
    assert after.started_at < before.started_at
    assert later.number > after.number > before.number
    assert store.inspect_chain().whole


def test_a_person_confirms_the_clock_until_it_moves_or_is_switched_off(store, clock):
    clock.reboot(moment(3, 5))
    begin(store, "unconfirmed")
    store.confirm_clock("Dr Amina")
    clock.wait(3600)
    begin(store, "confirmed")
    clock.set(moment(9, 9))
    begin(store, "moved")
    store.confirm_clock("Dr Amina")
    begin(store, "confirmed again")
    clock.reboot(moment(9, 10))
    begin(store, "switched off")
    told = [(e.slide, e.clock.value) for e in store.examinations()]
    assert told == [
        ("unconfirmed", "UNCONFIRMED"),
        ("confirmed", "SET"),
        ("moved", "UNCONFIRMED"),
        ("confirmed again", "SET"),
        ("switched off", "UNCONFIRMED"),
    ]


def test_a_clock_never_set_cannot_be_confirmed(store, clock):
    clock.reboot(datetime(1970, 1, 1, tzinfo=UTC))
    store.confirm_clock("Dr Amina")
    begin(store)
    assert store.examinations()[-1].clock is ClockTrust.NOT_SET


def test_a_clock_steered_by_the_network_is_not_moved(store, clock):
    begin(store)
    for _ in range(20):
        clock.wait(3600)
        clock.now += timedelta(seconds=0.2)
        begin(store)
    assert len(clock_events(store)) == 1


def test_the_system_clock_is_read_without_harm(tmp_path):
    reading = SystemClock().read()
    assert abs(reading.now - datetime.now(UTC)) < timedelta(minutes=1)
    assert reading.boot
    assert reading.since_boot_s > 0


def test_a_battery_vouches_only_while_it_agrees(tmp_path, monkeypatch):
    monkeypatch.setattr("edge.records.clock._synchronized", lambda: False)
    clock = SystemClock(rtc=tmp_path)
    assert clock.read().vouched_by == ""
    (tmp_path / "hctosys").write_text("1\n")
    now = int(datetime.now(UTC).timestamp())
    (tmp_path / "since_epoch").write_text(f"{now}\n")
    assert clock.read().vouched_by == "battery"
    (tmp_path / "since_epoch").write_text("37\n")  # no battery: it began at 1970
    assert clock.read().vouched_by == ""
    (tmp_path / "since_epoch").write_text(json.dumps({"no": "number"}))
    assert clock.read().vouched_by == ""
