"""The Raspberry Pi's own camera through Picamera2, the only file that imports it.

Picamera2's names of formats read backwards: ``BGR888`` lies in memory as red, green, blue. Asking
for it saves turning every frame around.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import TimeoutError as FutureTimeoutError
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np

from edge.camera.frame import Frame, NewFrame
from edge.camera.mains import Mains, whole_periods
from edge.closing import Closing
from edge.errors import CameraLost, CameraMissing

_STREAM = "main"

_FLICKER_OFF, _FLICKER_MANUAL, _FLICKER_AUTO = 0, 1, 2
"""Values of libcamera's AeFlickerMode (control_ids_core.yaml); the Pi's own algorithms have had
only the first two so far."""


@dataclass(frozen=True)
class PiCameraSettings:
    """How the camera is driven.

    Attributes:
        size_px: Width and height of a frame.
        frames_per_s: Frames asked for; the loop drops what it cannot take.
        buffers: Frames in flight; with one alone the sensor waits for us.
        settle_s: Longest time given to exposure and white balance before they are locked.
        patience_s: A frame that takes longer means that the camera is lost.
        mains: What the microscope's lamp hangs on: exposure keeps to its periods.
    """

    size_px: tuple[int, int] = (1280, 960)
    frames_per_s: float = 15.0
    buffers: int = 4
    settle_s: float = 3.0
    patience_s: float = 5.0
    mains: Mains = Mains.AUTO

    def __post_init__(self) -> None:
        if min(self.size_px) < 32 or self.frames_per_s <= 0:
            raise ValueError("size_px must be at least 32 x 32 and frames_per_s above 0")
        if self.buffers < 2:
            raise ValueError("buffers must be at least 2")
        if self.settle_s < 0 or self.patience_s <= 0:
            raise ValueError("settle_s cannot be negative and patience_s must be above 0")


class PiCamera(Closing):
    """Frames of the first camera on the cable, newest only, colours locked after settling.

    Raises:
        CameraMissing: The library is not installed, or no camera answers.
        CameraLost: (from ``frames``) No frame came within ``patience_s``.
    """

    continuous = True

    def __init__(self, settings: PiCameraSettings | None = None) -> None:
        self._settings = settings or PiCameraSettings()
        self._module = _import_picamera2()
        self._device: Any = _open_device(self._module)
        self.new_frame: NewFrame = lambda shape: np.empty(shape, dtype=np.uint8)
        try:
            self._start()
        except BaseException as error:
            self.close()
            if isinstance(error, Exception) and not isinstance(error, CameraLost):
                raise CameraMissing(f"The camera does not start ({error}).") from error
            raise

    def frames(self) -> Iterator[Frame]:
        """Frames until closed; each is exposed after it was asked for, never an old one."""
        number = 0
        while self._device is not None:
            yield self._capture(number)
            number += 1

    def close(self) -> None:
        """Stop the sensor and free it for other programs."""
        device, self._device = self._device, None
        if device is not None:
            # A camera pulled out fails here too; it is gone all the same.
            with suppress(Exception):
                device.stop()
            with suppress(Exception):
                device.close()

    def _start(self) -> None:
        device, settings = self._device, self._settings
        device.configure(
            device.create_video_configuration(
                main={"size": settings.size_px, "format": "BGR888"},
                buffer_count=settings.buffers,
                # Without the queue a request is answered by the next frame, not by a waiting one.
                queue=False,
                controls={
                    "FrameRate": settings.frames_per_s,
                    **flicker_controls(device.camera_controls, settings.mains),
                },
                raw=whole_field(_sensor_modes(device), settings.size_px),
            )
        )
        device.start()
        self._lock_colours(self._settled_metadata())

    def _settled_metadata(self) -> dict[str, Any]:
        """Metadata of the first frame with settled exposure, or of the last that was waited for."""
        until = time.monotonic() + self._settings.settle_s
        while True:
            metadata = self._metadata_of_next()
            if metadata.get("AeLocked") or time.monotonic() >= until:
                return metadata

    def _metadata_of_next(self) -> dict[str, Any]:
        request = self._request(flush=False)
        try:
            metadata: dict[str, Any] = request.get_metadata()
            return metadata
        finally:
            request.release()

    def _lock_colours(self, metadata: dict[str, Any]) -> None:
        """Hold exposure, gain and white balance: a cell must not change colour with its field."""
        controls: dict[str, Any] = {"AeEnable": False, "AwbEnable": False}
        for name in ("ExposureTime", "AnalogueGain", "ColourGains"):
            if name in metadata:
                controls[name] = metadata[name]
        period_us = self._settings.mains.period_us
        if period_us is not None and "ExposureTime" in controls and "AnalogueGain" in controls:
            controls["ExposureTime"], controls["AnalogueGain"] = whole_periods(
                controls["ExposureTime"],
                controls["AnalogueGain"],
                metadata.get("AeFlickerDetected") or period_us,
                1e6 / self._settings.frames_per_s,
            )
        self._device.set_controls(controls)
        # Frames already on their way were exposed before the lock.
        self._request(flush=True).release()

    def _request(self, flush: bool) -> Any:
        try:
            return self._device.capture_request(
                wait=self._settings.patience_s, flush=True if flush else None
            )
        except (TimeoutError, FutureTimeoutError) as error:
            raise CameraLost(
                f"The camera gave no frame for {self._settings.patience_s:g} s."
            ) from error
        except Exception as error:
            raise CameraLost(f"The camera failed ({error}).") from error

    def _capture(self, number: int) -> Frame:
        request = self._request(flush=False)
        try:
            timestamp_ns = request.get_metadata().get("SensorTimestamp")
            with self._module.MappedArray(request, _STREAM) as mapped:
                # The buffer goes back to the camera: this copy is the only one, and goes into the
                # memory shared with the loop where the camera runs in its own process.
                colours = mapped.array[:, :, :3]
                rgb = self.new_frame(colours.shape)
                np.copyto(rgb, colours)
        finally:
            request.release()
        exposed_at_s = timestamp_ns / 1e9 if timestamp_ns else time.monotonic()
        return Frame(rgb, exposed_at_s, number)


def flicker_controls(offered: dict[str, Any], mains: Mains) -> dict[str, int]:
    """What libcamera is told of the lamp, as far as the camera can be told.

    Args:
        offered: Picamera2's ``camera_controls``: least, greatest and usual value of each.
        mains: What the lamp hangs on.
    """
    if "AeFlickerMode" not in offered:
        return {}
    most = int(offered["AeFlickerMode"][1])
    if mains is Mains.AUTO and most >= _FLICKER_AUTO:
        return {"AeFlickerMode": _FLICKER_AUTO}
    if mains.period_us is None:
        return {"AeFlickerMode": _FLICKER_OFF}
    if "AeFlickerPeriod" not in offered:
        return {}
    return {"AeFlickerMode": _FLICKER_MANUAL, "AeFlickerPeriod": round(mains.period_us)}


def _sensor_modes(device: Any) -> list[dict[str, Any]]:
    try:
        return list(device.sensor_modes)
    except Exception:
        # A sensor that does not tell: libcamera then chooses by itself.
        return []


def whole_field(
    modes: list[dict[str, Any]], size_px: tuple[int, int]
) -> dict[str, tuple[int, int]] | None:
    """The sensor mode that sees the whole field and costs least.

    Left to itself libcamera takes the smallest mode above the size asked for, which on the HQ
    camera is cut out of the middle of the sensor: less than half of the field, at another scale
    than the optics table says.

    Args:
        modes: As Picamera2 lists them: ``size``, and ``crop_limits`` (x, y, width, height on the
            sensor).
        size_px: Width and height of the frames.

    Returns:
        ``{"size": (width, height)}`` for the raw stream; None where no mode is known.
    """
    seen = [(mode["size"], mode["crop_limits"]) for mode in modes if "crop_limits" in mode]
    if not seen:
        return None
    whole = max(crop[2] * crop[3] for _, crop in seen)
    fit = [
        size
        for size, crop in seen
        if crop[2] * crop[3] >= 0.98 * whole and size[0] >= size_px[0] and size[1] >= size_px[1]
    ]
    return {"size": min(fit, key=lambda size: size[0] * size[1])} if fit else None


def _import_picamera2() -> Any:
    try:
        import picamera2
    except Exception as error:
        # Off the Pi its import fails in many ways; where the package is, the system libraries lack.
        raise CameraMissing(
            f"The camera library picamera2 is not installed ({error}).",
            "On a Raspberry Pi: sudo apt install python3-picamera2, and a venv made with "
            "--system-site-packages. Elsewhere use replay:DIR, pan:PICTURE or phantom:KIND.",
        ) from error
    return picamera2


def _open_device(module: Any) -> Any:
    try:
        cameras = module.Picamera2.global_camera_info()
    except Exception as error:
        raise CameraMissing(f"The camera system does not answer ({error}).") from error
    if not cameras:
        raise CameraMissing(
            "No camera was found.",
            "Switch off, check the flat cable at both ends, switch on; "
            "`rpicam-hello --list-cameras` must name it.",
        )
    try:
        return module.Picamera2()
    except Exception as error:
        raise CameraMissing(
            f"The camera cannot be opened ({error}).", "End other programs that use the camera."
        ) from error
