"""Chapters in which something breaks: the card full or read-only, the kernel, the power."""

from __future__ import annotations

from bench.virtual.story import PATIENCE_S, Story
from bench.virtual.wires import Failed

_FILLER = "/var/lib/filler"


def card_full(story: Story) -> None:
    """The card fills while cells are counted: said, none lost, and over when there is room."""
    machine = story.machine
    cells = story.counting()
    # All that others than root may use.
    machine.shell(
        f'set -- $(stat -f -c "%a %S" /var/lib); fallocate -l $(($1 * $2)) {_FILLER}; sync'
    )
    story.tell(f"card filled while counting: {story.until_status('fault E-')}")
    _refused(story, "E-REC-02")
    machine.shell(f"rm {_FILLER}")
    story.until_status("ready")
    story.survived("room made", cells)


def card_read_only(story: Story) -> None:
    """The kernel makes the card read-only while cells are counted, as it does when one fails."""
    machine = story.machine
    cells = story.counting()
    machine.shell("echo u > /proc/sysrq-trigger; sleep 2; findmnt -n -o OPTIONS /")
    story.tell(f"card read-only while counting: {story.until_status('fault E-')}")
    _refused(story, "E-REC-01")
    machine.shell("mount -o remount,rw /")
    story.until_status("ready")
    story.survived("writable again", cells)


def kernel_hangs(story: Story) -> None:
    """The kernel stands still while cells are counted: the watchdog starts the machine anew."""
    machine = story.machine
    told = machine.shell(
        "systemctl show -p RuntimeWatchdogUSec; cat /sys/class/watchdog/watchdog0/timeout"
    )
    story.tell(f"watchdog: {' '.join(told.split())}")
    cells = story.counting()
    hang = "/sys/kernel/debug/lampboard/hang"
    machine.shell(f"(sleep 1; echo 1 > {hang}) > /dev/null 2>&1 &")
    if not machine.monitor.heard("WATCHDOG", PATIENCE_S):
        raise Failed("the watchdog did not bite")
    story.tell("processor halted, interrupts off, while counting: reset by the hardware watchdog")
    machine.wait_for_agent(PATIENCE_S)
    story.survived("after the watchdog", cells)


def power_cut(story: Story, number: int) -> None:
    """qemu is killed in the middle of an examination; the card is what had been flushed."""
    cells = story.counting()
    # Not at a chosen moment: the machine goes on for some time that nobody controls.
    story.pause(1 + 1.7 * number)
    story.machine.cut()
    story.machine.switch_on()
    story.survived(f"power cut {number}", cells)


def _refused(story: Story, number: str) -> None:
    """Between examinations the card's fault is shown, and a new one is not begun."""
    story.until_status(number)
    before = len(story.slides())
    status = story.start()
    story.machine.shell("sleep 3")
    story.until_status(number)
    lit = story.lit(8)
    begun = len(story.slides()) - before
    story.tell(f"another asked for ({status}): {story.machine.status()}; pins: {sorted(lit)}")
    if begun or lit != {"red", "amber", "heartbeat"}:
        raise Failed(f"{begun} begun; the fault is red and amber in turn")
