"""What the verdict would do on many slides, simulated for one bundle: a table in words and JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from edge.inference.bundle import Bundle
from edge.judgement.fixed_count import fixed_count, fixed_count_settling
from edge.judgement.operating_point import OperatingPoint
from edge.judgement.simulation import Characteristics, operating_characteristics
from edge.judgement.verdict import VerdictSettings

BLAST_SHARES: Final = (0.0, 0.01, 0.02, 0.05, 0.10, 0.20, 0.30, 0.50)
_FIXED_COUNT_END = 2000
_SETTLING_SHARES = (0.10, 0.20)
_HEADS = ("blasts", "REVIEW", "green", "CANNOT_JUDGE", "(+-)", "cells, mean", "(+-)", "for 95%")


@dataclass(frozen=True)
class OperatingTable:
    """Operating characteristics of a bundle on slides of so many cells.

    Attributes:
        cells_on_slide: White cells that can be found on a slide.
        rows: For each of ``BLAST_SHARES``.
    """

    cells_on_slide: int
    rows: tuple[Characteristics, ...]


@dataclass(frozen=True)
class SettlingCount:
    """What a count fixed beforehand needs to settle as many slides as the sequential test.

    Attributes:
        blast_share: Of the slides to be found; the others have no blasts.
        cells: The count, at the same error rates; None where none of up to 2,000 is enough.
        ratio: Cells of the sequential test to it, on average over slides of both kinds, half each.
    """

    blast_share: float
    cells: int | None
    ratio: float | None


@dataclass(frozen=True)
class OperatingReport:
    """All that is told of a bundle.

    Attributes:
        bundle: Its name and version.
        sha256: Of the bundle, hexadecimal.
        settings: Of the verdict that was simulated.
        slides: Simulated for each share and number of cells.
        seed: Same seed, same slides.
        tables: One for each number of cells on a slide.
        fixed_count: Cells that a count fixed beforehand needs for the same error rates; None
            where no count of up to 2,000 cells is enough.
        settling: What one needs that may leave slides open, as the sequential test does, and
            settles as many.
    """

    bundle: str
    sha256: str
    settings: VerdictSettings
    slides: int
    seed: int
    tables: tuple[OperatingTable, ...]
    fixed_count: int | None
    settling: tuple[SettlingCount, ...]


def operating_report(
    bundle: Bundle, settings: VerdictSettings, cells: Sequence[int], slides: int, seed: int
) -> OperatingReport:
    """Simulate slides of every blast share; about a second for each number of cells.

    Args:
        bundle: Whose operating point is used.
        settings: Of the verdict.
        cells: White cells on a slide, each 1 to ``settings.max_cells``; a table for each.
        slides: How many for each row.
        seed: Of the random numbers.
    """
    point = bundle.operating_point
    tables = tuple(
        OperatingTable(
            count,
            tuple(operating_characteristics(point, BLAST_SHARES, settings, slides, seed, count)),
        )
        for count in cells
    )
    longest = max(tables, key=lambda table: table.cells_on_slide)
    return OperatingReport(
        bundle=f"{bundle.name} {bundle.version}",
        sha256=bundle.sha256,
        settings=settings,
        slides=slides,
        seed=seed,
        tables=tables,
        fixed_count=fixed_count(point, settings, _FIXED_COUNT_END),
        settling=tuple(
            _settling(point, row, longest.rows[0], settings)
            for row in longest.rows
            if row.blast_share in _SETTLING_SHARES
        ),
    )


def _settling(
    point: OperatingPoint, found: Characteristics, free: Characteristics, settings: VerdictSettings
) -> SettlingCount:
    # Less the Monte Carlo error: what simulation cannot tell is counted for the fixed count.
    cells = fixed_count_settling(
        point,
        free.no_blasts_found - free.share_error,
        found.blast_share,
        found.review - found.share_error,
        settings,
        _FIXED_COUNT_END,
    )
    mean = (free.mean_cells + found.mean_cells) / 2
    return SettlingCount(found.blast_share, cells, None if cells is None else mean / cells)


def report_json(report: OperatingReport) -> dict[str, Any]:
    """Plain values, ready for ``json.dumps``; shares are 0 to 1, errors are 95% half widths."""
    values = asdict(report)
    for table, told in zip(report.tables, values["tables"], strict=True):
        for row, plain in zip(table.rows, told["rows"], strict=True):
            plain["share_error"] = row.share_error
    return values


def report_lines(report: OperatingReport) -> list[str]:
    """The report for a person to read."""
    wanted = report.settings
    lines = [
        f"{report.bundle}: {report.slides} simulated slides a row, seed {report.seed}; REVIEW "
        f"without blasts at most {wanted.alpha:.0%}, green with {wanted.share_limit:.0%} blasts "
        f"or more at most {wanted.beta:.0%}."
    ]
    for table in report.tables:
        lines += ["", f"Up to {table.cells_on_slide} white cells on a slide:", *_aligned(table)]
    return [
        *lines,
        "",
        "(+-): Monte Carlo error, half of a 95% interval; of the shares, the largest of the row.",
        _comparison(report),
        *map(_settling_line, report.settling),
        "Left out: cells the network abstains from, and the differential.",
    ]


def _aligned(table: OperatingTable) -> list[str]:
    rows = [_HEADS, *(_cells(row) for row in table.rows)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADS))]
    return [
        "  " + "  ".join(text.rjust(width) for text, width in zip(row, widths, strict=True))
        for row in rows
    ]


def _cells(row: Characteristics) -> tuple[str, ...]:
    return (
        f"{row.blast_share:.0%}",
        f"{row.review:.1%}",
        f"{row.no_blasts_found:.1%}",
        f"{row.cannot_judge:.1%}",
        f"{row.share_error:.1%}",
        f"{row.mean_cells:.0f}",
        f"{row.mean_cells_error:.0f}",
        f"{row.cells_95:.0f}",
    )


def _settling_line(count: SettlingCount) -> str:
    start = (
        f"A fixed count that may leave slides open, and settles as many of those without blasts "
        f"and with {count.blast_share:.0%}, "
    )
    if count.cells is None:
        return f"{start}needs more than {_FIXED_COUNT_END} cells."
    return f"{start}needs {count.cells} cells; these {count.ratio:.2f} of that on average."


def _comparison(report: OperatingReport) -> str:
    if report.fixed_count is None:
        return (
            f"No count fixed beforehand, up to {_FIXED_COUNT_END} cells, keeps both error rates "
            "with this bundle: its rates differ too much between patients."
        )
    largest = max(report.tables, key=lambda table: table.cells_on_slide)
    parts = ", ".join(
        f"{row.mean_cells / report.fixed_count:.2f} at {row.blast_share:.0%}"
        for row in largest.rows
    )
    return (
        f"A count fixed beforehand needs {report.fixed_count} cells for both error rates; cells "
        f"on average to that, by blast share: {parts}."
    )
