"""The parts that every device has, tried one by one; each answers with a finding, never a fault."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from edge.camera.frame import Camera
from edge.errors import CameraMissing, LeukoscopeError
from edge.imaging.objectives import by_use
from edge.inference.bundle import load_bundle
from edge.inference.golden import replay_golden
from edge.inference.interpreter import open_interpreter
from edge.inference.shelf import find_bundle
from edge.records.clock import ClockTrust, SystemClock, trust
from edge.records.home import folder_fault, prepare_home
from edge.records.store import Store
from edge.scale_memory import ScaleMemory
from edge.selftest.board import Board
from edge.selftest.finding import Finding, Result

_FRAMES = 5
_TOO_HOT_C = 80.0  # from here on a Pi slows down by itself
_LOW_BYTES = 500_000_000
_LEAST_BYTES = 50_000_000
"""Room for a few more examinations: about 2 MB each with the pictures of their fields."""


def camera(opener: Callable[[], Camera], source: str, board: Board) -> Finding:
    """A few frames taken, their size, brightness and rate told."""
    part = "camera"
    try:
        with opener() as opened:
            started_s = time.monotonic()
            frames = [frame for frame, _ in zip(opened.frames(), range(_FRAMES), strict=False)]
            rate = (len(frames) - 1) / max(time.monotonic() - started_s, 1e-9)
    except CameraMissing as fault:
        if source == "picamera" and not board.is_pi:
            return Finding(part, Result.NOT_HERE, "This machine is no Raspberry Pi: no picamera.")
        return Finding.failed(part, fault)
    except LeukoscopeError as fault:
        return Finding.failed(part, fault)
    if not frames:
        return Finding(part, Result.FAILED, f"{source} gave no frame.", "Check its cable.")
    height, width = frames[-1].rgb.shape[:2]
    brightness = float(np.mean(frames[-1].rgb))
    told = f"{source}: {width} x {height}, {rate:.1f} frames a second, brightness {brightness:.0f}"
    if brightness < 3:
        return Finding(
            part, Result.NOTE, f"{told}: all is dark.", "Switch the microscope's lamp on."
        )
    return Finding(part, Result.OK, f"{told}.")


def disk(home: Path) -> Finding:
    """The data folder written, flushed and read back; the records opened and counted."""
    part = "disk"
    probe = home / f".check-{os.getpid()}"
    written = os.urandom(4096)
    try:
        prepare_home(home)
        try:
            with probe.open("wb") as file:
                file.write(written)
                file.flush()
                os.fsync(file.fileno())
            same = probe.read_bytes() == written
        finally:
            probe.unlink(missing_ok=True)
        with Store.open(home) as store:
            count = len(store.examinations())
        free = shutil.disk_usage(home).free
    except OSError as error:
        fault = error if isinstance(error, LeukoscopeError) else folder_fault(home, error)
        return Finding.failed(part, fault)
    except LeukoscopeError as fault:
        return Finding.failed(part, fault)
    told = f"{home}: {free / 1e9:.1f} GB free, {count} examinations on record."
    if not same:
        return Finding(part, Result.FAILED, f"{home} gives back other bytes.", "Replace the card.")
    if free < _LEAST_BYTES:
        return Finding(part, Result.FAILED, told, "Free space on the card.", "E-REC-02")
    if free < _LOW_BYTES:
        return Finding(part, Result.NOTE, told, "Free space on the card soon.")
    return Finding(part, Result.OK, told)


def objectives(home: Path) -> Finding:
    """The scales that examinations of each camera measured before."""
    part = "objectives"
    memory = ScaleMemory(home)
    if memory.trouble:
        return Finding(part, Result.NOTE, memory.trouble, "The next examinations fill it again.")
    told = [
        f"{kind}: "
        + ", ".join(
            f"{each.um_per_px:.3f} um/px (within {each.relative_error:.0%}, {each.examinations} "
            f"examination{'s' * (each.examinations != 1)}, last {each.last_seen})"
            for each in by_use(known)
        )
        for kind, known in memory.kinds.items()
    ]
    return Finding(part, Result.OK, f"{'; '.join(told) or 'None measured yet'}.")


def clock(system: SystemClock | None = None) -> Finding:
    """Who vouches for the time."""
    part = "clock"
    reading = (system or SystemClock()).read()
    state = trust(reading)
    now = f"{reading.now:%Y-%m-%d %H:%M} UTC"
    if state is ClockTrust.SET:
        return Finding(part, Result.OK, f"{now}, vouched for by {reading.vouched_by}.")
    if state is ClockTrust.UNCONFIRMED:
        action = "Confirm the time on the page, or fit a clock battery."
        return Finding(part, Result.NOTE, f"{now}, which nobody vouches for.", action)
    action = "Set it: sudo timedatectl set-time 'YYYY-MM-DD HH:MM'; fit a clock battery."
    return Finding(part, Result.FAILED, f"{now} lies before this program was written.", action)


def power(board: Board) -> Finding:
    """Under-voltage now or since the start: the commonest reason for a card that is damaged."""
    part = "power"
    word = board.throttled
    action = "Use the official supply of this Pi and its own cable."
    if word is None:
        if board.is_pi:
            return Finding(part, Result.NOTE, "This system does not tell about its supply.")
        return Finding(part, Result.NOT_HERE, "This machine does not measure its supply.")
    if word.under_voltage_now:
        return Finding(part, Result.FAILED, "The supply is too weak now.", action)
    if word.under_voltage_before:
        return Finding(part, Result.NOTE, "The supply was too weak since the start.", action)
    return Finding(part, Result.OK, "No under-voltage since the start.")


def temperature(board: Board) -> Finding:
    """Heat, and whether the processor was slowed by it."""
    part = "temperature"
    degrees, word = board.temperature_c, board.throttled
    if degrees is None:
        if board.is_pi:
            return Finding(part, Result.FAILED, "The processor's temperature cannot be read.")
        return Finding(part, Result.NOT_HERE, "This machine does not tell its temperature.")
    told = f"{degrees:.0f} °C"
    action = "Keep the vents free; fit a heat sink or a fan. The device works on, more slowly."
    if degrees >= _TOO_HOT_C or (word is not None and word.slowed_now):
        return Finding(part, Result.NOTE, f"{told}: the processor is slowed down now.", action)
    if word is not None and word.slowed_before:
        return Finding(part, Result.NOTE, f"{told}; it was slowed down since the start.", action)
    return Finding(part, Result.OK, f"{told}.")


def bundle_and_golden_test(asked: Path | None, threads: int) -> list[Finding]:
    """The bundle in use verified, and its golden crops run on this device."""
    try:
        bundle = load_bundle(find_bundle(asked))
    except LeukoscopeError as fault:
        skipped = Finding("golden test", Result.FAILED, "No bundle to test.", "", fault.number)
        return [Finding.failed("bundle", fault), skipped]
    told = f"{bundle.name} {bundle.version}, {bundle.sha256[:12]}, all files as proven."
    whole = Finding("bundle", Result.OK, told)
    try:
        interpreter = open_interpreter(bundle.model, threads)
        worst = replay_golden(bundle, interpreter)
    except LeukoscopeError as fault:
        return [whole, Finding.failed("golden test", fault)]
    told = (
        f"{len(bundle.golden_crops)} golden answers on {interpreter.library}, "
        f"largest difference {worst} steps."
    )
    return [whole, Finding("golden test", Result.OK, told)]
