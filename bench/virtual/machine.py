"""One emulated PC: its disk over a base image that stays as it is, its sticks, its power plug."""

from __future__ import annotations

import contextlib
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from bench.virtual.wires import Agent, Failed, Monitor

UNIT = "leukoscope.service"
GREEN = 22
BUTTON = 24
"""BCM numbers of the default wiring."""

_BOARD = "/sys/kernel/debug/lampboard"
_QEMU = "qemu-system-x86_64"


class Virtual:
    """A machine that is booted, unplugged at the wall, and booted again.

    Its disk is a layer (qcow2) over the base image. qemu keeps that layer's tables in its own
    memory until the guest flushes: when qemu is killed, what was written and not flushed may be
    lost, as with the cache of a card.

    Args:
        folder: Holds base.raw, vmlinuz and initrd; scratch files are made in it.
        layer: Name of the disk's layer; made where it is not there.
    """

    def __init__(self, folder: Path, layer: str = "disk") -> None:
        self._folder = folder
        self._disk = folder / f"{layer}.qcow2"
        self._process: subprocess.Popen[bytes] | None = None
        self._monitor: Monitor | None = None
        self._agent: Agent | None = None
        self.boots = 0

    @property
    def monitor(self) -> Monitor:
        """The conversation with qemu."""
        if self._monitor is None:
            raise Failed("the machine is off")
        return self._monitor

    @property
    def is_on(self) -> bool:
        """Whether it is plugged in."""
        return self._process is not None

    def new_disk(self) -> None:
        """A card as it comes from the shop: nothing of earlier runs is on it."""
        self._disk.unlink(missing_ok=True)
        words = ("qemu-img", "create", "-q", "-f", "qcow2", "-F", "raw", "-b", "base.raw")
        subprocess.run([*words, str(self._disk)], check=True, cwd=self._folder)

    def switch_on(self, longest_s: float = 900, state: str | None = None) -> float:
        """Plug it in; how long until a shell answered inside, seconds.

        Args:
            longest_s: Patience; emulation on a busy machine takes minutes.
            state: Of `keep`, to go on from; None to boot.
        """
        begun_s = time.monotonic()
        for name in ("monitor", "agent"):
            (self._folder / name).unlink(missing_ok=True)
        # The clock counts instructions: nothing has to watch over it.
        root = "root=/dev/vda rw rootfstype=ext4 console=ttyS0 panic=0 quiet mitigations=off"
        self._process = subprocess.Popen(
            [
                *(_QEMU, "-nodefaults", "-display", "none", "-nic", "none"),
                *("-machine", "pc,hpet=off", "-accel", "tcg,tb-size=512", "-cpu", "Westmere"),
                # Its clock counts instructions, a thousand million a second: a slow board, and the
                # same one however busy the machine around it is, so that watchdogs judge fairly.
                *("-icount", "shift=0", "-rtc", "clock=vm"),
                *("-smp", "1", "-m", "1024", "-action", "watchdog=reset,panic=none"),
                *("-kernel", "vmlinuz", "-initrd", "initrd", "-append", root),
                *("-drive", f"file={self._disk.name},if=virtio,format=qcow2,cache=writeback"),
                *("-device", "qemu-xhci,id=xhci", "-device", "i6300esb"),
                *("-device", "virtio-rng-pci", "-device", "virtio-serial-pci"),
                *("-chardev", "socket,id=agent,path=agent,server=on,wait=off"),
                *("-device", "virtserialport,chardev=agent,name=org.qemu.guest_agent.0"),
                *("-chardev", "file,id=console,path=console.log,append=on"),
                *("-serial", "chardev:console", "-qmp", "unix:monitor,server=on,wait=off"),
                *(() if state is None else ("-loadvm", state)),
            ],
            cwd=self._folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=(self._folder / "qemu.log").open("ab"),
        )
        while not (self._folder / "monitor").exists():
            if self._process.poll() is not None or time.monotonic() - begun_s > 30:
                raise Failed(
                    f"qemu did not start: {(self._folder / 'qemu.log').read_text()[-500:]}"
                )
            time.sleep(0.1)
        self._monitor = Monitor(self._folder / "monitor")
        self.boots += 1
        self.wait_for_agent(longest_s)
        return time.monotonic() - begun_s

    def wait_for_agent(self, longest_s: float) -> float:
        """Until a shell answers inside; how long it took, seconds."""
        begun_s = time.monotonic()
        if self._agent is not None:
            self._agent.close()
        self._agent = Agent(self._folder / "agent")
        if not self._agent.is_awake(longest_s):
            tail = (self._folder / "console.log").read_text(errors="replace")[-1500:]
            raise Failed(f"nobody answers after {longest_s:.0f} s:\n{tail}")
        return time.monotonic() - begun_s

    def cut(self) -> None:
        """Pull the plug at the wall."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(20)
        for wire in (self._monitor, self._agent):
            if wire is not None:
                wire.close()
        self._process = self._monitor = self._agent = None

    def switch_off(self, longest_s: float = 200) -> None:
        """Shut down in order."""
        self.shell("systemctl --no-block poweroff")
        assert self._process is not None
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(longest_s)
        is_off = self._process.poll() is not None
        self.cut()
        if not is_off:
            raise Failed("it did not shut down")

    def keep(self, state: str) -> None:
        """Write the running machine down on its disk's layer, to go on from there another time."""
        line = {"command-line": f"savevm {state}"}
        told = self.monitor.ask("human-monitor-command", line, patience_s=300)
        if told.strip():
            raise Failed(f"savevm: {told}")

    def has_ended(self, longest_s: float) -> bool:
        """Whether it switches itself off in time."""
        assert self._process is not None
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(longest_s)
        return self._process.poll() is not None

    # --- inside

    def ask(self, script: str, longest_s: float = 300) -> tuple[int, str]:
        """Run a script inside; exit status and what it printed."""
        if self._agent is None:
            raise Failed("the machine is off")
        return self._agent.shell(script, longest_s)

    def shell(self, script: str, longest_s: float = 300) -> str:
        """Run a script inside that must succeed; what it printed."""
        status, told = self.ask(script, longest_s)
        if status:
            raise Failed(f"{script.strip()[:300]}\nended with {status}: {told[-3000:]}")
        return told

    def show(self, what: str, unit: str = UNIT) -> str:
        """One property of a unit."""
        return self.ask(f"systemctl show -p {what} --value {unit}")[1].strip()

    def until(self, met: Callable[[], bool], what: str, longest_s: float) -> float:
        """Wait for something; how long it took, seconds."""
        begun_s = time.monotonic()
        while not met():
            if time.monotonic() - begun_s > longest_s:
                status = self.ask(f"systemctl status --no-pager -n 30 {UNIT}")[1]
                raise Failed(f"{what}: not within {longest_s:.0f} s\n{status}")
            # Asking costs the emulated processor as much as what is waited for.
            time.sleep(5)
        return time.monotonic() - begun_s

    def is_serving(self) -> bool:
        """Whether the service has reported that it is ready, and is alive."""
        told = self.ask(f"systemctl show -p ActiveState,StatusText {UNIT}")[1]
        return "ActiveState=active" in told and "StatusText=\n" not in told

    def status(self) -> str:
        """The service's own line."""
        return self.show("StatusText")

    # --- what is plugged in

    def plug(self, image: Path, name: str = "stick", bytes_a_second: int = 0) -> None:
        """Plug a stick in.

        Args:
            image: Its content.
            name: What qemu calls it.
            bytes_a_second: How fast it can be written; 0 for as fast as the machine outside.
        """
        ask = self.monitor.ask
        with contextlib.suppress(Failed):
            ask("object-del", {"id": f"{name}-speed"})
        limits = {"bps-write": bytes_a_second}
        ask("object-add", {"qom-type": "throttle-group", "id": f"{name}-speed", "limits": limits})
        file = {"driver": "file", "filename": str(image)}
        below = {"driver": "raw", "file": file}
        group = f"{name}-speed"
        ask(
            "blockdev-add",
            {"driver": "throttle", "node-name": name, "throttle-group": group, "file": below},
        )
        stick = {"driver": "usb-storage", "id": name, "bus": "xhci.0", "drive": name}
        ask("device_add", {**stick, "removable": True})

    def pull_out(self, name: str = "stick") -> None:
        """Pull a stick out, whatever is being written on it."""
        self.monitor.ask("device_del", {"id": name})
        self.monitor.heard("DEVICE_DELETED", 10)
        for _ in range(50):
            with contextlib.suppress(Failed):
                self.monitor.ask("blockdev-del", {"node-name": name})
                return
            time.sleep(0.2)

    # --- lamps and button

    def levels(self) -> list[tuple[float, int, int]]:
        """What the pins were driven to since the boot: seconds since then, line, level."""
        rows = [line.split() for line in self.ask(f"cat {_BOARD}/levels")[1].splitlines()]
        return [(int(r[0]) / 1e9, int(r[1]), int(r[2])) for r in rows if len(r) == 3]

    def uptime(self) -> float:
        """Seconds since the boot, on the clock of `levels`."""
        return float(self.shell("cat /proc/uptime").split()[0])

    def green_s(self, since_s: float = 0.0) -> float:
        """Seconds of green since a moment of this boot."""
        lit_s, lit_since = 0.0, None
        for at_s, line, level in [*self.levels(), (self.uptime(), GREEN, 0)]:
            if line != GREEN:
                continue
            if level and lit_since is None:
                lit_since = at_s
            elif not level and lit_since is not None:
                lit_s += max(0.0, at_s - max(lit_since, since_s))
                lit_since = None
        return lit_s

    def press(self, seconds: float = 0.4) -> None:
        """Press the button for so long, by the machine's clock: it joins its line to ground."""
        pull = f"{_BOARD}/pull"
        self.shell(f"echo {BUTTON} 0 > {pull}; sleep {seconds}; echo {BUTTON} 1 > {pull}")

    def hold(self) -> None:
        """Press the button and do not let go."""
        self.shell(f"echo {BUTTON} 0 > {_BOARD}/pull")
