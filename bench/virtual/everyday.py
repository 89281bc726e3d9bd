"""Chapters of an ordinary day: switched on, the button, a stick, taken off the machine."""

from __future__ import annotations

import re
import subprocess
import sys

from bench.virtual.machine import Virtual
from bench.virtual.stick import Stick
from bench.virtual.story import PATIENCE_S, Story
from bench.virtual.wires import Failed

_STICK = "/media/leukoscope/CLINIC"
_BYTES_A_SECOND = 4000
"""A stick so slow that it can be caught in the middle of a file."""


def comes_up(story: Story) -> None:
    """Switched on for the first time: the service comes by itself and drives the pins."""
    machine = story.machine
    machine.new_disk()
    machine.switch_on()
    told = machine.shell("uname -r; gpiodetect; cat /sys/class/watchdog/watchdog0/identity")
    story.tell(f"booted: {'; '.join(told.strip().splitlines())}")
    story.until_serving()
    at_s = machine.uptime()
    lit = story.lit(6)
    story.tell(f"up by itself before {at_s:.0f} s: {machine.status()}; on the pins: {_and(lit)}")
    if lit != {"amber", "heartbeat"}:
        raise Failed("ready is amber and the heartbeat alone")


def button(story: Story) -> None:
    """Pressed: an examination; pressed again: it ends; held: the control slide."""
    machine = story.machine
    before = story.counted()
    machine.press(0.4)
    cells = story.until_counted(before)
    story.tell(f"button pressed: {machine.status()}, {cells - before} cells on record")
    machine.press(0.4)
    ended = story.until_status("ended")
    lit = story.lit(6)
    newest = story.slides()[-1]
    story.tell(f"pressed again: {ended}; {newest['slide']}: {newest['verdict']}; pins: {_and(lit)}")
    if newest["verdict"] != "CANNOT_JUDGE" or lit != {"amber", "heartbeat"}:
        raise Failed("few cells are amber, steady, and no verdict")
    before = story.counted()
    machine.press(2.6)
    story.until_counted(before)
    machine.press(0.4)
    ended = story.until_status("fault E-")
    newest = story.slides()[-1]
    lit = story.lit(8)
    story.tell(f"held for 2.6 s, pressed soon after: {newest['slide']}; {ended}; pins: {_and(lit)}")
    if not newest["slide"].startswith("CONTROL ") or lit != {"red", "amber", "heartbeat"}:
        raise Failed("a control of too few cells is a fault, red and amber in turn")


def stick(story: Story) -> None:
    """Plugged in while the service runs: mounted by udev; pulled out, it is gone."""
    machine = story.machine
    plain = Stick.formatted(story.folder / "plain.img", "CLINIC", 64)
    machine.plug(plain.image)
    machine.until(lambda: bool(_mounts(machine)), "mounted", PATIENCE_S)
    mounts = _mounts(machine)
    story.tell(f"stick plugged in, mounted by udev: {' '.join(mounts.split())}")
    if len(mounts.splitlines()) != 1 or ",sync," not in mounts:
        raise Failed("once, and written through")
    _pulled_out(story)
    story.tell("stick pulled out: let go, its folder is gone")


def pulled_while_written(story: Story) -> None:
    """Pulled out in the middle of a dossier: said so, nothing lost; the next one is whole."""
    machine = story.machine
    dossiers = Stick.formatted(story.folder / "dossiers.img", "CLINIC", 64)
    number = next(row["examination"] for row in story.slides() if row["verdict"])
    before = story.counted()
    machine.plug(dossiers.image, bytes_a_second=_BYTES_A_SECOND)
    machine.until(lambda: bool(_mounts(machine)), "mounted", PATIENCE_S)
    form = story.post(f"/slides/{number}/stick", "stick=sda1")
    machine.shell(f"cat > /run/form <<'END'\n{form}\nEND\nbash /run/form > /run/posted 2>&1 &")
    # Looked for inside: by the time an answer has come out the whole dossier may be written.
    machine.shell(f"until ls {_STICK}/*.pdf.part; do sleep 0.1; done", PATIENCE_S)
    machine.pull_out()
    machine.until(lambda: bool(machine.ask("cat /run/posted")[1].strip()), "answered", PATIENCE_S)
    answer = machine.shell("cat /run/posted; echo; grep -o 'E-EXP-0[0-9]' /run/answer | head -n 1")
    story.tell(f"pulled out while the page wrote the PDF: it answered {' '.join(answer.split())}")
    if "E-EXP" not in answer:
        raise Failed("a stick pulled out is said to be")
    machine.until(lambda: not machine.ask("ls -A /media/leukoscope")[1].strip(), "let go", 1800)
    story.survived("after it", before)
    machine.plug(dossiers.image)
    machine.until(lambda: bool(_mounts(machine)), "mounted again", PATIENCE_S)
    machine.shell(f"leukoscope export --examination {number} --stick", PATIENCE_S)
    _pulled_out(story)
    story.tell(f"plugged in and written again: {_proven(story, dossiers)}")


def switched_off(story: Story) -> None:
    """Held for 8 seconds: the machine shuts down in order, and comes back when switched on."""
    machine = story.machine
    machine.hold()
    if not machine.has_ended(PATIENCE_S):
        raise Failed("it did not shut down")
    machine.cut()
    told = (story.folder / "console.log").read_text(errors="replace")
    lit = re.findall(r"lampboard: driven high at the end: (0x\w+)", told)[-1]
    story.tell(f"button held for 8 s: shut down in order, off by itself; pins high then: {lit}")
    if int(lit, 16):
        raise Failed("all dark is the sign that the plug may be pulled")
    machine.switch_on()


def uninstalled(story: Story) -> None:
    """Taken off by the stick it came from: no unit, no program, dark pins; records are left."""
    machine = story.machine
    story.until_serving()
    cells = story.counted()
    bundle = (story.folder / "bundle").resolve()
    source = Stick.formatted(story.folder / "installer.img", "CLINIC", 512)
    source.put(bundle)
    machine.plug(source.image)
    machine.until(lambda: bool(_mounts(machine)), "mounted", PATIENCE_S)
    words = f"bash {_STICK}/{bundle.name}/install.sh --uninstall"
    told = machine.shell(words, PATIENCE_S).strip()
    left = machine.shell(
        "ls -d /opt/leukoscope /usr/local/bin/leukoscope /etc/udev/rules.d/*leukoscope* "
        "/etc/systemd/system/*/leukoscope* /etc/systemd/system/leukoscope*.service "
        "2>/dev/null || true"
    ).split()
    alive = machine.ask("pgrep -u leukoscope")[1].split()
    lit = story.lit(3)
    owner = machine.shell("stat -c '%U %a' /var/lib/leukoscope/records.sqlite3").strip()
    after = story.counted()
    story.tell(
        f"uninstalled: {told.splitlines()[-1]} Pins: {_and(lit)}; "
        f"{after} cells on record of {cells}, {owner}"
    )
    if cells != after or owner != "leukoscope 600" or left or alive or lit:
        raise Failed(f"left {left}, alive {alive}, lit {lit}")
    machine.shell(f"umount {_STICK}")  # what would have done it is gone
    machine.pull_out()


def installed(story: Story) -> None:
    """Put on again from the same stick, without a network: it serves, on the records of before."""
    machine = story.machine
    bundle = (story.folder / "bundle").resolve()
    begun_s = machine.uptime()
    machine.plug(story.folder / "installer.img")
    # Without our rule nobody mounts a stick: by hand, as a desktop does.
    machine.shell(
        "until [ -e /dev/sda1 ]; do sleep 0.1; done; "
        f"mkdir -p {_STICK}; mount -o noexec,nosuid,nodev /dev/sda1 {_STICK}",
        PATIENCE_S,
    )
    # In a unit: it takes minutes, and nobody waits for the agent so long.
    machine.shell(
        "systemd-run --quiet --unit=putting-on --property=RemainAfterExit=yes "
        f"bash -c 'bash {_STICK}/{bundle.name}/install.sh > /run/installed 2>&1'"
    )
    machine.until(
        lambda: machine.show("SubState", "putting-on") in ("exited", "failed"), "done", PATIENCE_S
    )
    told = machine.shell("cat /run/installed")
    for line in told.splitlines():
        story.tell(f"    {line}")
    story.until_serving()
    lit = story.lit(6)
    took_s = machine.uptime() - begun_s
    story.tell(f"installed from the stick in {took_s:.0f} s: {machine.status()}; pins: {_and(lit)}")
    story.survived("on the records of before", story.counted())
    machine.shell(f"umount {_STICK}")
    machine.pull_out()


def _and(names: set[str]) -> str:
    return ", ".join(sorted(names)) or "all dark"


def _mounts(machine: Virtual) -> str:
    return machine.ask("findmnt -n -o TARGET,FSTYPE,OPTIONS /dev/sda1")[1].strip()


def _pulled_out(story: Story) -> None:
    """Pull the stick out; wait until its folder is gone."""
    machine = story.machine
    machine.pull_out()
    machine.until(
        lambda: not machine.ask("ls -A /media/leukoscope")[1].strip(), "folder gone", PATIENCE_S
    )


def _proven(story: Story, dossiers: Stick) -> str:
    """What lies on the stick, proven outside by its manifest."""
    folder = story.folder / "taken"
    for old in folder.glob("*"):
        old.unlink()
    files = dossiers.take("leukoscope-*", folder)
    manifests = [path for path in files if path.name.endswith(".manifest.json")]
    for manifest in manifests:
        words = [sys.executable, "-m", "edge", "verify", str(manifest)]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        if done.returncode:
            raise Failed(f"{manifest.name}: {done.stdout}{done.stderr}")
    if not manifests:
        raise Failed(f"no dossier on the stick: {[path.name for path in files]}")
    left = sum(path.name.endswith(".part") for path in files)
    return f"{len(files)} files, {len(manifests)} manifest proven outside, {left} half ones"
