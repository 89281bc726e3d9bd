"""Boot the service for real, break it in every way it should survive, and watch the lamps.

    python -m bench.boot --root ARCHIVE --bundle BUNDLE [--log bench/logs/boot.log]

(or: make test-boot). A root of Debian (made by mmdebstrap) is booted by systemd-nspawn: its own
systemd, journal, users and sandbox. The program is installed there by systemd/install.sh from an
offline bundle, as on a Pi. The camera is a rendered smear in its own process; pins are files
(bench/booted/filepins.py) that keep their level when the process behind them dies, as a Pi's do.
Needs root, Linux, systemd-nspawn.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import platform
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

REPOSITORY = Path(__file__).resolve().parents[1]
UNIT = "leukoscope.service"
LIMIT_S = 30.0
GREEN = "GPIO22"
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_PYTHON = "/opt/leukoscope/current/bin/python"
_CAMERA = "--lamps gpio --um-per-px 0.2 --camera phantom:{}&viewport=960x720"


class Failed(Exception):
    """Something did not hold."""


@dataclass
class Machine:
    """A booted root."""

    root: Path
    pid: int

    def run(self, *words: str, check: bool = True, stdin: str | None = None) -> str:
        """Run a command inside; its output."""
        enter = ["nsenter", "-t", str(self.pid), "-m", "-u", "-i", "-n", "-p", "-C", "--"]
        environment = {"PATH": _PATH, "HOME": "/root", "LANG": "C.UTF-8"}
        done = subprocess.run(
            [*enter, *words],
            capture_output=True,
            text=True,
            input=stdin if stdin is not None else "",
            check=False,
            env=environment,
            timeout=600,
        )
        if check and done.returncode:
            raise Failed(f"{' '.join(words)}: {done.stdout[-1500:]}{done.stderr[-1500:]}")
        return done.stdout + (done.stderr if not check else "")

    def shell(self, script: str, check: bool = True) -> str:
        """Run a shell script inside."""
        return self.run("sh", "-c", script, check=check)

    def show(self, what: str, unit: str = UNIT) -> str:
        """One property of a unit."""
        return self.run("systemctl", "show", "-p", what, "--value", unit, check=False).strip()

    def levels(self) -> list[tuple[float, str, int]]:
        """What the pins were set to so far: time on the monotonic clock, name, level."""
        told = self.shell("cat /run/leukopins/levels 2>/dev/null", check=False)
        rows = [line.split() for line in told.splitlines()]
        return [(float(row[0]), row[1], int(row[2])) for row in rows if len(row) == 3]

    def green_at(self, since_s: float, until_s: float) -> float:
        """Seconds during which green was lit between two times."""
        lit_since: float | None = None
        lit_s = 0.0
        for time_s, pin, level in [*self.levels(), (until_s, GREEN, 0)]:
            if pin != GREEN:
                continue
            if level and lit_since is None:
                lit_since = time_s
            elif not level and lit_since is not None:
                lit_s += max(0.0, min(time_s, until_s) - max(lit_since, since_s))
                lit_since = None
        return lit_s

    def press(self, seconds: float) -> None:
        """Press the button."""
        self.shell("touch /run/leukopins/pressed-GPIO24")
        time.sleep(seconds)
        self.shell("rm -f /run/leukopins/pressed-GPIO24")

    def until(self, met: Callable[[], bool], what: str, longest_s: float) -> float:
        """Wait for something; how long it took."""
        begun_s = time.monotonic()
        while not met():
            if time.monotonic() - begun_s > longest_s:
                status = self.run("systemctl", "status", "-n", "30", UNIT, check=False)
                raise Failed(f"{what}: not within {longest_s:.0f} s\n{status}")
            time.sleep(0.25)
        return time.monotonic() - begun_s

    def status(self) -> str:
        """The service's own line."""
        return self.show("StatusText")

    def is_serving(self) -> bool:
        """Whether it has reported that it is ready, and is alive."""
        return self.show("ActiveState") == "active" and self.status() != ""

    def main_pid(self) -> str:
        """Of the service, as seen inside."""
        return self.show("MainPID")


@contextlib.contextmanager
def booted(archive: Path, scratch: Path, bundle: Path) -> Iterator[Machine]:
    """Unpack a root and boot it; it is switched off and removed at the end."""
    root = scratch / "root"
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir(parents=True)
    unpack = ["tar", "--extract", "--file", str(archive), "--directory", str(root)]
    subprocess.run([*unpack, "--exclude", "./dev/*"], check=True)
    shutil.copytree(bundle, root / "stick")
    shutil.copytree(REPOSITORY / "bench" / "booted", root / "booted")
    pidfile = subprocess.Popen(
        [
            *("systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--boot"),
            *("--console=pipe", "--private-network", "--machine=leukoscope-boot"),
            f"--directory={root}",
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1"},
    )
    try:
        machine = Machine(root, _inner_pid(pidfile.pid))
        machine.until(
            lambda: (
                machine.run("systemctl", "is-system-running", check=False).strip()
                in ("running", "degraded")
            ),
            "booting",
            120,
        )
        yield machine
    finally:
        if pidfile.poll() is None:
            pidfile.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                pidfile.wait(20)
            pidfile.kill()
        shutil.rmtree(root, ignore_errors=True)


def _inner_pid(nspawn: int) -> int:
    """The process that is number 1 inside."""
    for _ in range(200):
        with contextlib.suppress(OSError, IndexError):
            children = Path(f"/proc/{nspawn}/task/{nspawn}/children").read_text().split()
            for child in children:
                comm = Path(f"/proc/{child}/comm").read_text().strip()
                if comm == "systemd":
                    return int(child)
        time.sleep(0.1)
    raise Failed("systemd-nspawn did not boot the root")


class Story:
    """What is done to the machine, one chapter after the other, each with its line in the log."""

    def __init__(self, machine: Machine, log: TextIO) -> None:
        self._machine = machine
        self._log = log

    def tell(self, line: str) -> None:
        """A line on the terminal and in the log."""
        print(line, flush=True)
        print(line, file=self._log, flush=True)

    def install(self) -> None:
        """From the stick, twice: the second time changes nothing that matters."""
        machine = self._machine
        begun_s = time.monotonic()
        machine.run("bash", "/stick/install.sh", "--no-start", "--camera", "phantom:none")
        first_s = time.monotonic() - begun_s
        machine.run("bash", "/stick/install.sh", "--no-start")
        programs = machine.shell("ls -d /opt/leukoscope/2*").split()
        if len(programs) != 1:
            raise Failed(f"an old program was left: {programs}")
        self.tell(f"installed offline in {first_s:.0f} s, and again: one program, no network")

    def prepare(self) -> None:
        """Pins in files, and the network that can hang, by drop-ins of this test."""
        machine = self._machine
        site = machine.run(_PYTHON, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))")
        script = f"""
set -e
site={site.strip()}
cp /booted/filepins.py /booted/serve_hangable.py "$site/"
mkdir -p "$site/filepins-0.dist-info"
cd "$site/filepins-0.dist-info"
printf 'Metadata-Version: 2.1\\nName: filepins\\nVersion: 0\\n' > METADATA
printf '[gpiozero_pin_factories]\\nfilepins = filepins:FileFactory\\n' \\
  > entry_points.txt
for unit in leukoscope leukoscope-fault; do
  mkdir -p /etc/systemd/system/$unit.service.d
  pins='Environment=GPIOZERO_PIN_FACTORY=filepins\\nReadWritePaths=/run/leukopins'
  printf "[Service]\\n$pins\\n" \\
    > /etc/systemd/system/$unit.service.d/pins.conf
done
printf '[Service]\\nExecStart=\\nExecStart={_PYTHON} -m serve_hangable $LEUKOSCOPE_ARGUMENTS\\n' \\
  > /etc/systemd/system/leukoscope.service.d/hangable.conf
mkdir -p /run/leukopins && chown leukoscope /run/leukopins
systemctl daemon-reload
"""
        machine.shell(script)
        self.camera("healthy?seed=3")

    def camera(self, smear: str) -> None:
        """What the service looks at from its next start on."""
        words = _CAMERA.format(smear)
        self._machine.shell(f"echo 'LEUKOSCOPE_ARGUMENTS=\"{words}\"' > /etc/default/leukoscope")

    def start(self) -> None:
        """The service starts, proves its bundle and reports ready."""
        machine = self._machine
        begun_s = time.monotonic()
        machine.run("systemctl", "start", "leukoscope-poweroff.path", UNIT)
        machine.until(machine.is_serving, "ready", 120)
        self.tell(f"started: ready after {time.monotonic() - begun_s:.1f} s ({machine.status()})")
        words = ("systemd-analyze", "security", "--no-pager", UNIT)
        overall = machine.run(*words, check=False).strip().splitlines()[-1]
        self.tell(f"sandbox: {overall.strip(' →').strip()}")
        score = float(overall.split(":")[1].split()[0])
        if score > 2.0:
            raise Failed(f"exposure {score} is above 2.0")

    def check(self) -> None:
        """`leukoscope check` as an installer calls it, while the service runs."""
        told = self._machine.run("leukoscope", "check", "--yes", check=False)
        self.tell("leukoscope check, while it runs:")
        for line in told.splitlines():
            self.tell(f"    {line}")
        if "Failed:" in told:
            raise Failed("a part failed")

    def rest(self, seconds: float) -> None:
        """Between examinations the watchdog is content."""
        machine = self._machine
        time.sleep(seconds)
        if machine.show("NRestarts") != "0" or not machine.is_serving():
            raise Failed("it did not stay up without an examination")
        self.tell(f"idle for {seconds:.0f} s: still up, not started again")

    def begin(self) -> None:
        """The button is pressed; cells are counted."""
        machine = self._machine
        machine.press(0.3)
        machine.until(lambda: "counting" in machine.status(), "counting", 60)

    def broken(self, name: str, harm: Callable[[], None], restarted: bool) -> None:
        """Do harm in the middle of an examination; it must be back, and never green meanwhile."""
        machine = self._machine
        self.begin()
        time.sleep(2)
        restarts = int(machine.show("NRestarts") or 0)
        begun_s = time.monotonic()
        harm()
        if restarted:
            machine.until(
                lambda: int(machine.show("NRestarts") or 0) > restarts and machine.is_serving(),
                f"{name}: back",
                120,
            )
        else:
            machine.until(lambda: "fault E-CAM-03" in machine.status(), f"{name}: told", 60)
            told_s = time.monotonic() - begun_s
            machine.until(lambda: "counting" in machine.status(), f"{name}: back", 60)
            self.tell(f"{name}: the lamps said E-CAM-03 after {told_s:.1f} s")
        back_s = time.monotonic() - begun_s
        green_s = machine.green_at(begun_s, begun_s + back_s)
        self.tell(f"{name}: back after {back_s:.1f} s, green meanwhile {green_s:.2f} s")
        if back_s > LIMIT_S or green_s > 0:
            raise Failed(f"{name}: limit {LIMIT_S:.0f} s and no green")
        if not restarted:
            machine.press(0.3)  # end it
            machine.until(lambda: "counting" not in machine.status(), "ended", 30)
        self.unfinished_has_no_verdict()

    def unfinished_has_no_verdict(self) -> None:
        """What was interrupted is on record, without a verdict; the chain is whole."""
        self._machine.run("leukoscope", "verify")
        rows = self._machine.run("leukoscope", "slides", "--json")
        if '"verdict": "NO_BLASTS_FOUND"' in rows:
            raise Failed("an examination that was not finished is green on record")

    def camera_hangs(self) -> None:
        """The camera's process is stopped: it neither answers nor ends."""
        self._machine.run("pkill", "-STOP", "-f", "edge.camera.worker")

    def inference_hangs(self) -> None:
        """The interpreter never comes back."""
        self._machine.shell("touch /run/leukopins/hang-inference")
        # Whoever starts anew finds a network that works.
        self._machine.until(lambda: self._machine.show("ActiveState") != "active", "ended", 60)
        self._machine.shell("rm -f /run/leukopins/hang-inference")

    def service_killed(self) -> None:
        """SIGKILL, as by the kernel short of memory."""
        self._machine.run("kill", "-9", self._machine.main_pid())

    def killed_while_green(self) -> None:
        """A healthy slide is examined to green; then the service is killed."""
        machine = self._machine
        machine.press(0.3)
        machine.until(lambda: "NO_BLASTS_FOUND" in machine.status(), "green", 300)
        time.sleep(3)
        begun_s = time.monotonic()
        if machine.green_at(begun_s - 3, begun_s) < 2:
            raise Failed("a finished healthy slide is not shown green")
        before = int(machine.show("NRestarts") or 0)
        self.service_killed()
        restarts = machine.until(
            lambda: int(machine.show("NRestarts") or 0) > before and machine.is_serving(),
            "back",
            60,
        )
        time.sleep(1)
        green_s = machine.green_at(begun_s, time.monotonic())
        lit = [level for _, pin, level in machine.levels() if pin == GREEN][-1]
        self.tell(
            f"killed while green: dark after {green_s:.1f} s by software alone (the timer: 2 s), "
            f"back after {restarts:.1f} s, and not green"
        )
        if lit or green_s > 5:
            raise Failed("green stayed on")

    def wrong_settings(self) -> None:
        """Settings that cannot be: not tried for ever, and the lamps say that it is down."""
        machine = self._machine
        machine.shell("echo 'colour = red' > /var/lib/leukoscope/settings.toml")
        machine.run("systemctl", "restart", UNIT, check=False)
        fault = "leukoscope-fault.service"
        machine.until(lambda: machine.show("ActiveState", fault) == "active", "fault unit", 60)
        before = len(machine.levels())
        time.sleep(6)
        lit = {pin for _, pin, level in machine.levels()[before:] if level}
        machine.shell("rm /var/lib/leukoscope/settings.toml")
        machine.run("systemctl", "start", UNIT)
        machine.until(machine.is_serving, "mended", 60)
        self.tell(f"wrong settings: fault unit blinked {sorted(lit)}; gone when mended")
        if lit != {"GPIO17", "GPIO27"} or machine.show("ActiveState", fault) == "active":
            raise Failed("red and amber should have blinked, and the fault unit ended")

    def signed_bundles(self) -> None:
        """A clinic sets its key: no unsigned bundle is used, but a signed one from a stick."""
        machine = self._machine
        machine.shell("""
set -e
cd /root
openssl genpkey -algorithm ed25519 -out maker.pem
openssl pkey -in maker.pem -pubout -out bundle-key.pub
install -D -m 644 bundle-key.pub /etc/leukoscope/bundle-key.pub
""")
        fault = "leukoscope-fault.service"
        machine.run("systemctl", "restart", UNIT, check=False)
        # The fault's lamps blink before the service has said why.
        machine.until(lambda: "E-BUN-05" in self._said_by_service(), "refused", 90)
        machine.until(lambda: machine.show("ActiveState", fault) == "active", "fault", 90)
        told = machine.run("bash", "/stick/install.sh", "--no-start")
        updated = "no bundle signed with it" in told
        self.prepare()
        shipped = machine.run(
            _PYTHON, "-c", "from edge.inference.shelf import find_bundle; print(find_bundle())"
        ).strip()
        machine.shell(f"""
set -e
mkdir -p /media/stick
cp -r {shipped} /media/stick/bundle
cd /media/stick/bundle
openssl pkeyutl -sign -rawin -inkey /root/maker.pem -in bundle.json | base64 -w0 > bundle.json.sig
chmod -R a+rX /media/stick
""")
        machine.run("leukoscope", "model", "install", "/media/stick")
        machine.run("systemctl", "restart", UNIT)
        machine.until(machine.is_serving, "signed bundle in use", 120)
        back = machine.run("leukoscope", "model", "back", check=False)
        stays = "The bundle in use stays" in back
        if not (updated and stays):
            raise Failed(f"updated {updated}, stays {stays}: {told}{back}")
        self.tell(
            "bundle key set: unsigned bundle refused with E-BUN-05, the program updated all the "
            "same; a signed one installed from a stick and in use; no way back to the unsigned"
        )

    def _said_by_service(self) -> str:
        """The last lines of its journal."""
        return self._machine.run("journalctl", "-b", "-u", UNIT, "-n", "50")

    def uninstall(self) -> None:
        """Taken off: records are left."""
        machine = self._machine
        before = machine.shell("sha256sum /var/lib/leukoscope/records.sqlite3")
        machine.run("systemctl", "stop", UNIT)
        before = machine.shell("sha256sum /var/lib/leukoscope/records.sqlite3")
        machine.run("bash", "/stick/install.sh", "--uninstall")
        machine.shell("rm -rf /etc/leukoscope")  # a clinic's own file
        left = machine.shell(
            "ls /opt/leukoscope /etc/systemd/system/leukoscope* /usr/local/bin/leukoscope "
            "/etc/udev/rules.d/90-leukoscope.rules 2>/dev/null | grep -v '\\.d:$' || true",
        )
        after = machine.shell("sha256sum /var/lib/leukoscope/records.sqlite3")
        if after != before:
            raise Failed("records were touched")
        kept = [line for line in left.split() if not line.endswith(".conf")]
        if kept:
            raise Failed(f"left behind: {kept}")
        self.tell("uninstalled: units, program and rules gone; records as they were")

    def switched_off_by_button(self) -> None:
        """Held for 8 seconds: the whole machine shuts down in order."""
        machine = self._machine
        time.sleep(2.0)  # a button that is down when it is first looked at is taken for stuck
        machine.shell("touch /run/leukopins/pressed-GPIO24")
        begun_s = time.monotonic()
        while Path(f"/proc/{machine.pid}").exists() and time.monotonic() - begun_s < 90:
            time.sleep(0.2)
        if Path(f"/proc/{machine.pid}").exists():
            raise Failed("it did not shut down")
        self.tell(f"button held: shut down in order after {time.monotonic() - begun_s:.1f} s")


def _chapters(story: Story) -> list[Callable[[], None]]:
    return [
        story.install,
        story.prepare,
        story.start,
        story.check,
        lambda: story.rest(30),
        lambda: story.broken("camera hangs", story.camera_hangs, restarted=False),
        lambda: story.broken("inference hangs", story.inference_hangs, restarted=True),
        lambda: story.broken("service killed", story.service_killed, restarted=True),
        story.killed_while_green,
        story.wrong_settings,
        story.signed_bundles,
        story.uninstall,
        story.install,
        story.prepare,
        story.start,
        story.switched_off_by_button,
    ]


def main(arguments: list[str] | None = None) -> int:
    """Boot, break, watch; 0 when all held."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=Path, required=True, help="archive of a Debian root")
    parser.add_argument("--bundle", type=Path, required=True, help="folder of usb-bundle.sh")
    parser.add_argument("--scratch", type=Path, default=Path("/var/tmp/leukoscope-boot"))
    parser.add_argument("--log", type=Path, default=REPOSITORY / "bench/logs/boot.log")
    options = parser.parse_args(arguments)
    options.log.parent.mkdir(parents=True, exist_ok=True)
    options.scratch.parent.mkdir(parents=True, exist_ok=True)
    scratch_log = options.scratch.with_suffix(".log")
    with scratch_log.open("w") as log:
        try:
            with booted(options.root, options.scratch, options.bundle) as machine:
                story = Story(machine, log)
                system = machine.shell('. /etc/os-release; echo "$PRETTY_NAME"').strip()
                systemd = machine.run("systemctl", "--version").splitlines()[0]
                commit = subprocess.run(
                    ["git", "-C", str(REPOSITORY), "rev-parse", "--short", "HEAD"],
                    capture_output=True,
                    text=True,
                    check=False,
                ).stdout.strip()
                story.tell(f"date:    {datetime.now(UTC):%Y-%m-%d %H:%M} UTC, commit {commit}")
                story.tell(f"system:  {system}, {systemd}, {platform.machine()}, systemd-nspawn")
                for chapter in _chapters(story):
                    chapter()
                story.tell("all held")
        except Failed as failed:
            print(f"failed: {failed}", file=sys.stderr)
            print(f"failed: {failed}", file=log)
            return 1
    shutil.copyfile(scratch_log, options.log)  # only a run in which all held is kept
    return 0


if __name__ == "__main__":
    sys.exit(main())
