"""What the board says of itself: its model, its supply and its heat, read from Linux.

Supply and heat come from the firmware's ``get_throttled`` word (Raspberry Pi documentation,
"vcgencmd get_throttled": bit 0 under-voltage now, 1 frequency capped, 2 throttled, 3 soft
temperature limit; bits 16 to 19 the same since the start), which the Pi's kernels show in sysfs, or
from the hwmon driver ``rpi_volt`` of other kernels.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

_MODEL = ("proc/device-tree/model", "sys/firmware/devicetree/base/model")
_THROTTLED = (
    "sys/devices/platform/soc/soc:firmware/get_throttled",
    "sys/devices/platform/axi/axi:firmware/get_throttled",
    "sys/devices/platform/soc@107c000000/soc@107c000000:firmware/get_throttled",
)
_SUPPLY_ALARM = "in0_lcrit_alarm"

_UNDER_VOLTAGE, _CAPPED, _THROTTLING, _WARM = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_SINCE_START = 16


@dataclass(frozen=True)
class Throttled:
    """The firmware's word on supply and heat.

    Attributes:
        word: The bits.
    """

    word: int

    @property
    def under_voltage_now(self) -> bool:
        """The supply is too weak now."""
        return bool(self.word & _UNDER_VOLTAGE)

    @property
    def under_voltage_before(self) -> bool:
        """The supply was too weak since the start."""
        return bool(self.word >> _SINCE_START & _UNDER_VOLTAGE)

    @property
    def slowed_now(self) -> bool:
        """The processor runs slower than it could, for heat or supply."""
        return bool(self.word & (_CAPPED | _THROTTLING | _WARM))

    @property
    def slowed_before(self) -> bool:
        """It did since the start."""
        return bool(self.word >> _SINCE_START & (_CAPPED | _THROTTLING | _WARM))


class Board:
    """The machine this runs on.

    Args:
        root: Where ``proc`` and ``sys`` lie; another folder in tests.
    """

    def __init__(self, root: Path = Path("/")) -> None:
        self._root = root

    @property
    def model(self) -> str:
        """Such as ``Raspberry Pi 5 Model B Rev 1.0``; empty on a machine without a device tree."""
        for place in _MODEL:
            if text := _text(self._root / place):
                return text
        return ""

    @property
    def is_pi(self) -> bool:
        """Whether this is a Raspberry Pi: only there a missing camera or pin is a failure."""
        return "Raspberry Pi" in self.model

    @property
    def temperature_c(self) -> float | None:
        """The processor's temperature, degrees Celsius; None where nothing measures it."""
        for zone in sorted((self._root / "sys/class/thermal").glob("thermal_zone*/temp")):
            try:
                return int(_text(zone)) / 1000
            except ValueError:
                continue
        return None

    @property
    def clock_mhz(self) -> float | None:
        """The first core's clock now; None where nothing tells it."""
        for name in ("scaling_cur_freq", "cpuinfo_cur_freq"):
            try:
                return int(_text(self._root / "sys/devices/system/cpu/cpu0/cpufreq" / name)) / 1000
            except ValueError:
                continue
        return None

    @property
    def throttled(self) -> Throttled | None:
        """What the firmware says of supply and heat; None where nothing says it."""
        for place in _THROTTLED:
            try:
                return Throttled(int(_text(self._root / place), 16))
            except ValueError:
                continue
        for monitor in sorted((self._root / "sys/class/hwmon").glob("hwmon*")):
            if _text(monitor / "name") == "rpi_volt" and (alarm := _text(monitor / _SUPPLY_ALARM)):
                return Throttled(_UNDER_VOLTAGE if alarm != "0" else 0)
        return None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip("\0 \n")
    except OSError:
        return ""
