"""What backup, disk pulse, retention, button and heat have in common: round after round."""

from __future__ import annotations

import itertools
import threading
import time

import pytest

from edge.rounds import Rounds


def test_each_round_says_when_the_next_begins() -> None:
    at_s: list[float] = []
    enough = threading.Event()

    def look(_: threading.Event) -> float:
        at_s.append(time.monotonic())
        if len(at_s) == 3:
            enough.set()
        return 0.05

    began_s = time.monotonic()
    with Rounds("test", look, first_s=0.1):
        assert enough.wait(10)
    assert at_s[0] - began_s >= 0.1
    assert all(b - a >= 0.05 for a, b in itertools.pairwise(at_s))
    done = len(at_s)
    time.sleep(0.2)
    assert len(at_s) == done, "closed is closed"


def test_a_long_round_sees_that_it_is_to_end() -> None:
    begun = threading.Event()

    def long(end: threading.Event) -> float:
        begun.set()
        assert end.wait(30)
        return 0.0

    rounds = Rounds("test", long)
    assert begun.wait(10)
    rounds.close()
    assert not rounds.is_alive
    rounds.close()


def test_a_round_may_end_its_own_thread_or_close_it() -> None:
    last = Rounds("test", lambda end: None)
    last._thread.join(10)
    assert not last.is_alive

    def close(_: threading.Event) -> float:
        ready.wait(10)
        own[0].close()
        return 0.0

    ready = threading.Event()
    own = [Rounds("test", close)]
    ready.set()
    own[0]._thread.join(10)
    assert not own[0].is_alive


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_round_that_breaks_ends_the_thread_and_nothing_else() -> None:
    def broken(_: threading.Event) -> float:
        raise RuntimeError("unforeseen")

    with Rounds("test", broken) as rounds:
        rounds._thread.join(10)
        assert not rounds.is_alive
