"""Operating points that the tests of this room share (boundaries are computed once for each)."""

from dataclasses import replace

from edge.judgement.operating_point import BetaSpread, CertainSign, OperatingPoint


def network(sensitivity, false_blasts):
    """Each argument: mean and standard deviation between patients."""
    return OperatingPoint(
        BetaSpread.from_mean_sd(*sensitivity), BetaSpread.from_mean_sd(*false_blasts)
    )


GOOD = network((0.90, 0.05), (0.005, 0.005))
USUAL = network((0.88, 0.10), (0.02, 0.03))
UNEVEN = network((0.85, 0.20), (0.01, 0.01))
NOISY = network((0.85, 0.15), (0.05, 0.05))
POOR = network((0.60, 0.20), (0.10, 0.10))
USELESS = network((0.20, 0.15), (0.20, 0.15))
GRID = {
    "good": GOOD,
    "usual": USUAL,
    "uneven": UNEVEN,
    "noisy": NOISY,
    "poor": POOR,
    "useless": USELESS,
}

# The usual network that also tells how often cells score very high.
CERTAIN = replace(
    USUAL,
    certain=CertainSign(BetaSpread.from_mean_sd(0.60, 0.25), BetaSpread.from_mean_sd(0.001, 0.003)),
)
