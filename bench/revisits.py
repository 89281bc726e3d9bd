"""``python -m bench.revisits``: may a later view replace a call that was already counted?

Slides are counted cell by cell until their verdict, as ``leukoscope simulate`` does. Between two
new cells the hand sometimes goes back to a cell counted before, and the call of that view replaces
the first. A second view agrees with the first in most cells; in the others it is a fresh draw at
the slide's own rate, so that views as such make nothing worse or better. Told is how often slides
without blasts end in REVIEW, and slides with the share of blasts that must not be missed end
green; the test promises at most alpha and beta. Certain cells are left out: counts alone decide
here. Hands go back to

- any cell: wherever the way over the slide comes by again;
- cells that were flagged: somebody looks again at what looks suspicious;
- cells that were not.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge.inference.bundle import load_bundle
from edge.inference.shelf import find_bundle
from edge.judgement.sequential import Boundaries, boundaries
from edge.judgement.simulation import draw_rates
from edge.judgement.verdict import VerdictSettings

RECORD = Path(__file__).with_suffix(".json")

SLIDES = 20_000
AGREEMENT = 0.9
"""Share of cells whose second view is called like the first without a fresh draw."""

SHARES = (0.0, 0.08, 0.5)
"""How often the hand goes back between two new cells; 0.08 is the hand of ``pan:``."""

HANDS = ("any cell", "flagged cells", "unflagged cells")


@dataclass(frozen=True)
class Ends:
    """Shares of slides that ended in each verdict."""

    review: float
    green: float


def ends(
    rates: NDArray[np.float64], limits: Boundaries, cells: int, back: float, hand: str, seed: int
) -> Ends:
    """Count slides of these rates of flagged cells to their first decision."""
    rng = np.random.default_rng(seed)
    flagged = np.zeros(rates.size, dtype=np.int64)
    open_ = np.ones(rates.size, dtype=np.bool_)
    review, green = np.zeros_like(open_), np.zeros_like(open_)

    def decide(counted: int) -> None:
        red = open_ & (flagged >= limits.review[counted])
        clear = open_ & ~red & (flagged <= limits.green[counted])
        review[red] = green[clear] = True
        open_[red | clear] = False

    for counted in range(1, cells + 1):
        flagged += rng.random(rates.size) < rates
        decide(counted)
        if not back:
            continue
        again = open_ & (rng.random(rates.size) < back)
        if hand == "any cell":
            was = rng.random(rates.size) * counted < flagged
        else:
            was = np.full(rates.size, hand == "flagged cells")
            again &= (flagged > 0) if hand == "flagged cells" else (flagged < counted)
        anew = again & (rng.random(rates.size) >= AGREEMENT)
        now = rng.random(rates.size) < rates
        flagged += np.where(anew, now.astype(np.int64) - was, 0)
        decide(counted)
    return Ends(round(float(review.mean()), 4), round(float(green.mean()), 4))


def measure(slides: int) -> dict[str, object]:
    """All hands and shares, on slides without blasts and at the limit."""
    bundle = load_bundle(find_bundle())
    point = bundle.operating_point
    settings = VerdictSettings()
    limits = boundaries(point, settings.plan)
    told: dict[str, object] = {
        "bundle_sha256": bundle.sha256,
        "alpha": settings.alpha,
        "beta": settings.beta,
        "share_limit": settings.share_limit,
        "agreement": AGREEMENT,
        "slides": slides,
    }
    for name, share in (("no blasts", 0.0), ("blasts at the limit", settings.share_limit)):
        rates = draw_rates(point, share, slides, np.random.default_rng(1)).flagged
        for hand in HANDS:
            for back in SHARES:
                found = ends(rates, limits, settings.max_cells, back, hand, 2)
                told[f"{name}, back to {hand} {back:.0%}"] = asdict(found)
                print(f"  {name}, back to {hand} {back:.0%}: {found}", flush=True)
    return told


def main() -> None:
    """Print the shares and write ``bench/revisits.json``."""
    parser = argparse.ArgumentParser(prog="python -m bench.revisits", description=__doc__)
    parser.add_argument("--slides", type=int, default=SLIDES)
    arguments = parser.parse_args()
    found = measure(arguments.slides)
    RECORD.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
