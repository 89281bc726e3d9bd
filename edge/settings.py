"""One TOML file to one typed object.

Every room keeps its own settings in a frozen dataclass with its defaults; here they are put
together, read from the file and checked, so that a default is written down once.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from dataclasses import dataclass, field
from pathlib import Path

from edge.camera.settings import CameraSettings
from edge.errors import SettingsFault
from edge.imaging.coach import CoachSettings
from edge.imaging.objective import ObjectiveSettings
from edge.imaging.quality import QualitySettings
from edge.judgement.control import ControlSettings
from edge.judgement.differential import DifferentialSettings
from edge.judgement.domain import DomainSettings
from edge.judgement.verdict import VerdictSettings
from edge.records.settings import RecordSettings
from edge.signals.settings import LampSettings
from edge.web.settings import PageSettings

FILE_NAME = "settings.toml"


@dataclass(frozen=True)
class ScreeningSettings:
    """The loop's own settings.

    Attributes:
        scale_error: The scale counts as measured once its relative error (1 sigma) is this small;
            the spread of red cells between people (0.08) is part of it and never averages away.
        scale_frames: Frames looked at for the scale before the best estimate so far is taken.
        scale_error_max: A worse estimate than this is no scale: nothing is judged by it.
        held_bytes: Most memory for frames held back while the scale is measured.
        threads: Threads of the interpreter.
        views: Views of a cell, while the slide rests, of which the sharpest is judged; 1 judges
            the first usable one.
        patience_frames: Unusable frames in a row before the lamps give advice.
        trouble_share_max: Share of frames unusable for one reason above which that reason is
            given for a slide that could not be judged.
    """

    scale_error: float = 0.09
    scale_frames: int = 24
    scale_error_max: float = 0.15
    held_bytes: int = 64_000_000
    threads: int = 2
    views: int = 3
    patience_frames: int = 10
    trouble_share_max: float = 0.5

    def __post_init__(self) -> None:
        if not 0 < self.scale_error <= self.scale_error_max < 1:
            raise ValueError("scale_error must be above 0 and at most scale_error_max, below 1")
        counts = (self.scale_frames, self.held_bytes, self.threads, self.views)
        if min(*counts, self.patience_frames) < 1:
            raise ValueError(
                "scale_frames, held_bytes, threads, views and patience_frames must be at least 1"
            )
        if not 0 < self.trouble_share_max <= 1:
            raise ValueError("trouble_share_max must be above 0 and at most 1")


@dataclass(frozen=True)
class Settings:
    """All settings; a section of the file for each attribute."""

    screening: ScreeningSettings = field(default_factory=ScreeningSettings)
    camera: CameraSettings = field(default_factory=CameraSettings)
    quality: QualitySettings = field(default_factory=QualitySettings)
    coach: CoachSettings = field(default_factory=CoachSettings)
    objective: ObjectiveSettings = field(default_factory=ObjectiveSettings)
    verdict: VerdictSettings = field(default_factory=VerdictSettings)
    differential: DifferentialSettings = field(default_factory=DifferentialSettings)
    domain: DomainSettings = field(default_factory=DomainSettings)
    control: ControlSettings = field(default_factory=ControlSettings)
    lamps: LampSettings = field(default_factory=LampSettings)
    page: PageSettings = field(default_factory=PageSettings)
    records: RecordSettings = field(default_factory=RecordSettings)


def load_settings(path: Path, must_exist: bool = False) -> Settings:
    """Settings from a TOML file; the defaults where there is no file.

    Args:
        path: The file.
        must_exist: Whether a missing file is a fault (it was named by a person).

    Raises:
        SettingsFault: The file is missing and must exist, cannot be read, is no TOML, or holds an
            unknown section or key, a value of the wrong type, or one out of range.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        if must_exist:
            raise SettingsFault(f"There is no settings file {path}.") from None
        return Settings()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsFault(f"Settings file {path} cannot be read: {error}.") from error
    import tomllib  # slow to import, and most devices have no such file

    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsFault(f"Settings file {path} is no TOML: {error}.") from error
    return _settings_from(table, str(path))


def _settings_from(table: dict[str, object], where: str) -> Settings:
    sections = typing.get_type_hints(Settings)
    unknown = sorted(set(table) - set(sections))
    if unknown:
        known = ", ".join(sections)
        raise SettingsFault(f"{where}: there is no section [{unknown[0]}]; known are {known}.")
    built = {name: _section(sections[name], table[name], f"{where}: [{name}]") for name in table}
    return dataclasses.replace(Settings(), **built)


def _section(kind: type, values: object, where: str) -> typing.Any:
    if not isinstance(values, dict):
        raise SettingsFault(f"{where} must be a section of keys and values.")
    hints = typing.get_type_hints(kind)
    for key, value in values.items():
        if key not in hints:
            raise SettingsFault(f"{where} has no key {key!r}; known are {', '.join(hints)}.")
        if not _fits(value, hints[key]):
            raise SettingsFault(f"{where} {key} = {value!r} is not {_words(hints[key])}.")
    converted = {k: tuple(v) if isinstance(v, list) else v for k, v in values.items()}
    try:
        return kind(**converted)
    except ValueError as error:
        raise SettingsFault(f"{where} {error}.") from error


def _fits(value: object, hint: typing.Any) -> bool:
    """Whether a TOML value is of an annotated type; a whole number serves as a real one."""
    if isinstance(hint, types.UnionType):
        return any(_fits(value, option) for option in typing.get_args(hint))
    if typing.get_origin(hint) is tuple:
        inner = typing.get_args(hint)
        return (
            isinstance(value, list)
            and len(value) == len(inner)
            and all(_fits(v, h) for v, h in zip(value, inner, strict=True))
        )
    if hint is float:
        return isinstance(value, int | float) and not isinstance(value, bool) and value == value
    if hint is int:
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(hint, type) and isinstance(value, hint)


def _words(hint: typing.Any) -> str:
    names = {float: "a number", int: "a whole number", bool: "true or false", str: "a text"}
    return names.get(hint, str(hint))
