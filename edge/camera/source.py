"""The words after ``--camera``: from a source's name to its camera."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar
from urllib.parse import unquote

from edge.camera.frame import Camera
from edge.camera.mains import Mains
from edge.camera.settings import CameraSettings
from edge.errors import SourceUnknown

_T = TypeVar("_T")

_MAX_FRAMES = 10_000_000
_MAX_VIEWPORT_PX = 8192


def open_camera(source: str, mains: str = Mains.AUTO) -> Camera:
    """Open the camera a person named.

    Args:
        source: ``picamera``, ``v4l2:/dev/video0`` (a USB camera; option ``size``, such as
            ``?size=1280x720``), ``replay:DIR``, ``pan:PICTURE`` or ``phantom:KIND``. The last two
            take options after a question mark, joined by ``&``: ``seed`` (whole number),
            ``speed`` (1 is a practised hand), ``viewport`` (such as ``1280x960``), ``frames``.
        mains: What the lamp hangs on; matters to live cameras.

    Raises:
        SourceUnknown: The source is of no known form, or an option is.
        CameraMissing: No camera is there.
        NoPictures: The folder to replay does not exist or is empty.
        PictureUnreadable: The picture to pan over is none.
    """
    if source == "picamera":
        from edge.camera.picamera import PiCamera, PiCameraSettings

        return PiCamera(PiCameraSettings(mains=Mains(mains)))
    kind, colon, rest = source.partition(":")
    if kind not in _OPENERS or not colon:
        raise SourceUnknown(f"There is no camera source {source!r}.")
    if not rest:
        raise SourceUnknown(f"{source!r} names nothing after the colon.")
    if kind == "v4l2":
        return _open_v4l2(rest, Mains(mains))
    return _OPENERS[kind](rest)


def open_for_device(source: str, settings: CameraSettings) -> Camera:
    """Open a camera as the boot service does: in a process of its own, unless settings forbid it.

    Raises:
        LeukoscopeError: As `open_camera`.
    """
    if not settings.own_process:
        return open_camera(source, settings.mains)
    from edge.camera.apart import ApartCamera

    return ApartCamera(source, settings)


def is_live(source: str) -> bool:
    """Whether frames that nobody took are gone: true for what looks at the world as it is."""
    return source.partition(":")[0] in ("picamera", "v4l2")


def _open_replay(folder: str) -> Camera:
    from edge.camera.replay import ReplayCamera

    return ReplayCamera(Path(folder))


def _open_v4l2(rest: str, mains: Mains = Mains.AUTO) -> Camera:
    from edge.camera.v4l2 import V4l2Camera, V4l2Settings

    path, options = split_options(rest, {"size"})
    size_px = _option(options, "size", _viewport, V4l2Settings.size_px)
    return V4l2Camera(path, V4l2Settings(size_px=size_px, mains=mains))


def _open_pan(rest: str) -> Camera:
    from edge.camera.hand import HandSettings
    from edge.camera.pan import PanCamera, PanSettings

    name, options = split_options(rest, {"seed", "speed", "viewport", "frames"})
    return PanCamera(
        Path(name),
        PanSettings(
            viewport_px=_option(options, "viewport", _viewport, PanSettings.viewport_px),
            frames=_option(options, "frames", _count, None),
            seed=_option(options, "seed", _seed, PanSettings.seed),
        ),
        HandSettings(speed=_option(options, "speed", _speed, HandSettings.speed)),
    )


def _open_phantom(rest: str) -> Camera:
    from edge.camera.phantom import open_phantom

    known = {"seed", "speed", "viewport", "frames", *_PHANTOM_NUMBERS, "jpeg_quality"}
    kind, options = split_options(rest, known)
    return open_phantom(
        kind,
        seed=_option(options, "seed", _seed, 0),
        speed=_option(options, "speed", _speed, 1.0),
        viewport_px=_option(options, "viewport", _viewport, None),
        frames=_option(options, "frames", _count, None),
        jpeg_quality=_option(options, "jpeg_quality", _count, None),
        **{name: _option(options, name, _number, None) for name in _PHANTOM_NUMBERS},
    )


_PHANTOM_NUMBERS = (
    "um_per_px",
    "blast_share",
    "defocus_um",
    "white_cells_per_field",
    "red_cells_per_field",
    "red_cell_um",
    "exposure",
)
"""Options of a phantom that are plain numbers; ``open_phantom`` says what they mean."""


_OPENERS: dict[str, Callable[[str], Camera]] = {
    "replay": _open_replay,
    "v4l2": _open_v4l2,
    "pan": _open_pan,
    "phantom": _open_phantom,
}


def split_options(rest: str, known: set[str]) -> tuple[str, dict[str, str]]:
    """Split ``NAME?key=value&key=value`` at its last question mark that options follow.

    Raises:
        SourceUnknown: An option is unknown, given twice, or has no value.
    """
    name, mark, query = rest.rpartition("?")
    if not mark or "=" not in query:
        return rest, {}
    options: dict[str, str] = {}
    for part in query.split("&"):
        key, equals, value = part.partition("=")
        if key not in known or not equals:
            raise SourceUnknown(
                f"The camera source has no option {part!r}.",
                f"Its options are {', '.join(sorted(known))}, such as ?seed=3&speed=1.5.",
            )
        if key in options:
            raise SourceUnknown(f"The camera source's option {key!r} is given twice.")
        options[key] = unquote(value)
    return name, options


def _option(options: dict[str, str], key: str, parse: Callable[[str], _T], default: _T) -> _T:
    if key not in options:
        return default
    try:
        return parse(options[key])
    except ValueError as error:
        raise SourceUnknown(
            f"The camera source's option {key}={options[key]!r} is wrong: {error}.",
            "Mend it or leave it out.",
        ) from error


def _whole(text: str, low: int, high: int) -> int:
    if not re.fullmatch(r"[0-9]{1,19}", text) or not low <= int(text) <= high:
        raise ValueError(f"it must be a whole number from {low} to {high}")
    return int(text)


def _seed(text: str) -> int:
    return _whole(text, 0, 2**63 - 1)


def _count(text: str) -> int:
    return _whole(text, 1, _MAX_FRAMES)


def _speed(text: str) -> float:
    if not re.fullmatch(r"[0-9]{1,4}(\.[0-9]{1,6})?", text) or not 0.05 <= float(text) <= 20:
        raise ValueError("it must be a number from 0.05 to 20")
    return float(text)


def _number(text: str) -> float:
    if not re.fullmatch(r"[0-9]{1,6}(\.[0-9]{1,6})?", text):
        raise ValueError("it must be a plain number such as 0.25")
    return float(text)


def _viewport(text: str) -> tuple[int, int]:
    sides = text.split("x")
    if len(sides) != 2:
        raise ValueError("it must read WIDTHxHEIGHT in pixels, such as 1280x960")
    return _whole(sides[0], 64, _MAX_VIEWPORT_PX), _whole(sides[1], 64, _MAX_VIEWPORT_PX)
