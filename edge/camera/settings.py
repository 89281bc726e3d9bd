"""Which camera the service uses, and how long it trusts a silent one."""

from __future__ import annotations

import math
from dataclasses import dataclass

from edge.camera.mains import Mains


@dataclass(frozen=True)
class CameraSettings:
    """The camera of the device.

    Attributes:
        source: What `--camera` is when it is left out: ``picamera``, ``v4l2:/dev/video0``, ...
        own_process: Whether the camera runs in a process of its own, where a hang can be cured;
            sources that are files or rendered have no need of it in a command.
        patience_s: Without a frame for so long, that process is killed and started anew.
        start_s: The same for its first frame: the camera is opened, exposure settles.
        give_up_s: So long after the last frame the examination ends with a fault.
        stuck_s: A live camera that gave the very same picture for so long is started anew too.
        mains: What the microscope's lamp hangs on: ``auto`` (the camera finds out where it can,
            else 50 Hz), ``50``, ``60``, or ``off`` for a lamp on a battery. Exposure is then of
            whole periods of the light where it is weak enough; else the picture may have bands.
    """

    source: str = "picamera"
    own_process: bool = True
    patience_s: float = 3.0
    start_s: float = 15.0
    give_up_s: float = 60.0
    stuck_s: float = 10.0
    mains: str = Mains.AUTO.value

    def __post_init__(self) -> None:
        if not self.source.strip():
            raise ValueError("source names no camera")
        if self.mains not in list(Mains):
            raise ValueError(f"mains must be one of {', '.join(Mains)}")
        for name in ("patience_s", "start_s", "give_up_s", "stuck_s"):
            if not (math.isfinite(getattr(self, name)) and 0.2 <= getattr(self, name) <= 600):
                raise ValueError(f"{name} must be 0.2 to 600 seconds")
        if not self.patience_s <= self.start_s <= self.give_up_s:
            raise ValueError("patience_s must be at most start_s, and start_s at most give_up_s")
