"""The verdict's tables as plain arrays: they hang on bundle and settings only, so that a device can
keep them from one start to the next instead of computing them again (see edge/verdict_tables.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.judgement.operating_point import OperatingPoint
from edge.judgement.rates import rate_grid, rate_weights
from edge.judgement.sequential import Boundaries, boundaries
from edge.judgement.share import TABLED, critical_table, step_shares
from edge.judgement.sufficiency import WayTable, way_table
from edge.judgement.verdict import VerdictSettings

Arrays = Mapping[str, NDArray[Any]]


def compute_tables(point: OperatingPoint, settings: VerdictSettings) -> dict[str, NDArray[Any]]:
    """All that a verdict looks up for a network and settings, by name; also remembered here."""
    limits, way = boundaries(point, settings.plan), way_table(point, settings.plan)
    errors = (limits.false_review, limits.false_certain, limits.false_green)
    return {
        "review": limits.review,
        "certain": limits.certain,
        "green": limits.green,
        "errors": np.array(errors),
        "expected": way.expected,
        "most": way.most,
        "critical": critical_table(point, settings.coverage),
        "rates": rate_weights(point, step_shares()),
    }


def remember_tables(tables: Arrays, point: OperatingPoint, settings: VerdictSettings) -> None:
    """Take tables that ``compute_tables`` made for this network and these settings before.

    Raises:
        ValueError: They are not such tables; nothing is remembered then.
    """
    cells = settings.max_cells + 1
    rates, shares = rate_grid().size, len(step_shares())
    review, certain, green = (
        _checked(tables, name, np.int64, (cells,)) for name in ("review", "certain", "green")
    )
    errors = _checked(tables, "errors", np.float64, (3,))
    expected, most = (
        _checked(tables, name, np.float32, (cells, None)) for name in ("expected", "most")
    )
    if expected.shape != most.shape:
        raise ValueError("the tables of cells needed differ in shape")
    critical = _checked(tables, "critical", np.float64, (len(TABLED), shares))
    weights = _checked(tables, "rates", np.float64, (shares, rates))
    told = Boundaries(review, certain, green, *(float(error) for error in errors))
    boundaries.tell(told, point, settings.plan)
    way_table.tell(WayTable(expected, most), point, settings.plan)
    critical_table.tell(critical, point, settings.coverage)
    rate_weights.tell(weights, point, step_shares())


def _checked(
    tables: Arrays, name: str, kind: type[np.generic], shape: tuple[int | None, ...]
) -> NDArray[Any]:
    """One table, no longer to be changed; a side of None may be of any length."""
    table = tables.get(name)
    if table is None or table.dtype != kind or table.ndim != len(shape):
        raise ValueError(f"the table {name} is missing or of another kind")
    if any(side not in (None, found) for side, found in zip(shape, table.shape, strict=True)):
        raise ValueError(f"the table {name} is {table.shape}, not {shape}")
    table.flags.writeable = False
    return table
