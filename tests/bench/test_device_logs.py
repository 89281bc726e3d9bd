"""The long runs that CI has no time for: their last logs say that all held, and are not made up."""

import itertools
import re
import shutil
import subprocess

import pytest

from bench.vm import CHAPTERS
from tests.shared_data import REPOSITORY

LOGS = REPOSITORY / "bench/logs"


@pytest.mark.parametrize("name", ["boot.log", "boot-trixie.log"])
def test_the_booted_service_came_back_within_30_seconds_and_was_never_green(name):
    log = (LOGS / name).read_text()
    for harm in ("camera hangs", "inference hangs", "service killed"):
        back, green = re.search(
            rf"{harm}: back after ([\d.]+) s, green meanwhile ([\d.]+) s", log
        ).groups()
        assert float(back) <= 30
        assert float(green) == 0
    assert "uninstalled" in log
    assert log.rstrip().endswith("all held")


def test_the_emulated_machine_was_pressed_filled_hung_cut_and_never_green():
    log = (LOGS / "vm.log").read_text()
    told = re.findall(
        r"^--- ([\w-]+), \d{4}-\d\d-\d\d \d\d:\d\d UTC, commit \w+$", log, re.MULTILINE
    )
    assert told == list(CHAPTERS)
    assert log.rstrip().endswith("all held")
    assert "reset by the hardware watchdog" in log
    survived = re.findall(r"green ([\d.]+) s since the boot, (\d+) cells on record of (\d+)", log)
    assert len(survived) >= 7  # stick, full, read-only, watchdog, three power cuts
    for green, kept, seen in survived:
        assert float(green) == 0
        assert int(kept) >= int(seen)
    assert log.count("nothing was changed") == len(survived)


@pytest.mark.parametrize("page", ["README.md", "hardware.md", "bench/README.md"])
def test_the_date_told_of_the_emulated_machine_is_the_log_s(page):
    log = (LOGS / "vm.log").read_text()
    [date] = re.findall(
        r"vm\.log`?,\s+(\d{4}-\d\d-\d\d)|\((\d{4}-\d\d-\d\d), `logs/vm",
        (REPOSITORY / page).read_text(),
    )
    assert f", {''.join(date)} " in log


def test_the_sandbox_is_as_tight_as_was_asked_for():
    score = re.search(r"leukoscope\.service: ([\d.]+)", (LOGS / "boot.log").read_text())[1]
    assert float(score) <= 2.0


@pytest.mark.parametrize(
    "script", ["systemd/install.sh", "systemd/usb-bundle.sh", "bench/arm64.sh", "bench/vm.sh"]
)
def test_shell_scripts_can_be_read_by_a_shell(script):
    subprocess.run(["bash", "-n", str(REPOSITORY / script)], check=True)


def test_every_line_of_the_sandbox_is_explained():
    """A wall without a reason is taken down by the next person who is in its way."""
    text = (REPOSITORY / "systemd/leukoscope.service").read_text()
    walls = text[text.index("# --- what it may reach") : text.index("[Install]")].splitlines()
    for before, line in itertools.pairwise(walls):
        if line and not line.startswith("#"):
            assert before.startswith("# "), f"nothing says why: {line}"


def test_shell_scripts_pass_shellcheck():
    if shutil.which("shellcheck") is None:
        pytest.skip("shellcheck is not installed: apt-get install shellcheck")
    scripts = [*(REPOSITORY / "systemd").glob("*.sh"), *(REPOSITORY / "bench").glob("*.sh")]
    done = subprocess.run(["shellcheck", *map(str, scripts)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("suite", ["bookworm", "trixie"])
def test_the_network_answers_the_same_on_64_bit_arm(suite: str) -> None:
    log = (LOGS / f"arm64-{suite}.log").read_text()
    assert "QEMU_CPU=cortex-a72" in log
    assert re.search(r"golden test +ok .* largest difference [01] steps", log)
    assert '"slide": "ARM-1", "verdict": "REVIEW"' in log
    assert '"slide": "ARM-2", "verdict": "NO_BLASTS_FOUND"' in log
