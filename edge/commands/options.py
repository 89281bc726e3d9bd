"""Options that several verbs share, and what is read from them in the same way everywhere."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from edge.errors import UsageFault

if TYPE_CHECKING:
    from edge.settings import Settings

RESEARCH_USE = "Screening aid for research use, not a diagnosis."


def add_camera(parser: argparse.ArgumentParser) -> None:
    """``--camera``, where the settings say what the device looks through."""
    parser.add_argument(
        "--camera", default=None, metavar="SOURCE", help="as for screen (default: the settings')"
    )


def add_model(parser: argparse.ArgumentParser, default: str = "the one in use") -> None:
    """``--model``; ``default`` says what is taken without it."""
    parser.add_argument(
        "--model", type=Path, default=None, metavar="DIR", help=f"bundle (default: {default})"
    )


def add_home(parser: argparse.ArgumentParser) -> None:
    """``--home``."""
    parser.add_argument(
        "--home", type=Path, default=None, help="data folder (default: LEUKOSCOPE_HOME)"
    )


def add_settings(parser: argparse.ArgumentParser) -> None:
    """``--home`` and ``--settings``: see `home_and_settings`."""
    add_home(parser)
    parser.add_argument("--settings", type=Path, default=None, help="a TOML file of settings")


def add_scale(parser: argparse.ArgumentParser) -> None:
    """``--um-per-px``: see `scale_given`."""
    parser.add_argument(
        "--um-per-px",
        type=float,
        default=None,
        metavar="F",
        help="micrometres per pixel; left out: measured from the red cells",
    )


def add_lamps(parser: argparse.ArgumentParser) -> None:
    """``--lamps``."""
    parser.add_argument(
        "--lamps",
        choices=("auto", "gpio", "none"),
        default="auto",
        help="lamps on the pins; auto: where there are any",
    )


def home_and_settings(arguments: argparse.Namespace) -> tuple[Path, Settings]:
    """The data folder, and the settings in it or in the file that was named.

    Raises:
        SettingsFault: The file that was named is missing, or one cannot be used.
        StoreUnwritable: There is no data folder and no home.
    """
    from edge.records.home import data_home
    from edge.settings import FILE_NAME, load_settings

    home = data_home(arguments.home)
    named: Path | None = arguments.settings
    return home, load_settings(named or home / FILE_NAME, must_exist=named is not None)


def scale_given(arguments: argparse.Namespace) -> float | None:
    """Micrometres per pixel as given; None where they are to be measured.

    Raises:
        ScaleUnusable: It is no microscope's.
    """
    from edge.pictures import check_um_per_px

    return check_um_per_px(arguments.um_per_px)


def check_is_svg(plot: Path | None) -> None:
    """Refuse to draw into a file that would not open as what it is named.

    Raises:
        UsageFault: Its name does not end in .svg.
    """
    if plot is not None and plot.suffix.lower() != ".svg":
        raise UsageFault(f"--plot writes SVG; {plot} does not end in .svg.")
