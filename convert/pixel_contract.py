"""What the network expects to see, checked on cells: is it fed as its trainer fed it?

A network that is given blue for red, 0 to 255 for 0 to 1, crops of another scale, or whose labels
are read in another order does not fail: it answers, and badly. So the float network is tried on a
sample of the holdout as described and in every way that is easily mistaken for it. Where another
way tells blasts apart clearly better, the description is wrong, and the conversion stops and says
how. Only the description is judged by this: nothing of the network is chosen on the holdout.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from convert.cells import CellSet, read_cells
from convert.contract_figures import Measure, blasts_auc, labels_auc, surely_better
from convert.description import Triple
from convert.figures import Floats
from convert.float_network import FloatNetwork
from convert.quantize import choose_representative
from convert.settings import ConvertSettings
from edge.errors import ConversionRefused

_MEAN: Final = (0.485, 0.456, 0.406)
_DEVIATION: Final = (0.229, 0.224, 0.225)
"""Of ImageNet's pictures, 0 to 1: what published weights are trained with."""

RANGES: Final[dict[str, tuple[Triple, Triple]]] = {
    "-1 to 1": ((1 / 127.5,) * 3, (-1.0,) * 3),
    "0 to 1": ((1 / 255,) * 3, (0.0,) * 3),
    "0 to 255": ((1.0,) * 3, (0.0,) * 3),
    "ImageNet's mean and deviation": (
        (1 / 255 / _DEVIATION[0], 1 / 255 / _DEVIATION[1], 1 / 255 / _DEVIATION[2]),
        (-_MEAN[0] / _DEVIATION[0], -_MEAN[1] / _DEVIATION[1], -_MEAN[2] / _DEVIATION[2]),
    ),
    "0 to 255 less ImageNet's mean": ((1.0,) * 3, (-123.68, -116.779, -103.939)),
}
SCALES: Final = (0.5, 0.7, 1.4, 2.0)


@dataclass(frozen=True)
class Alternative:
    """One way to feed the network or to read its answers.

    Attributes:
        name: In words.
        remedy: What the description should say, if this is the right way.
        auc: Of blasts against other white cells on the sample; None where it cannot be.
        logits: Its answers, float64 (cells, labels), in the order of the described labels.
    """

    name: str
    remedy: str
    auc: float | None
    logits: Floats


def check_contract(
    network: FloatNetwork, holdout: CellSet, settings: ConvertSettings
) -> list[Alternative]:
    """All alternatives with their figures, the described one first.

    Raises:
        ConversionRefused: One of the others tells blasts, or all labels, apart better by
            ``settings.contract_margin``, and surely so over patients; names it.
    """
    sample = _sample(holdout, settings)
    ways = _Ways(network, sample)
    described = ways.judged("as described", "", network.logits(sample.crops))
    found = [described, *ways.pixels(), *ways.scales(), *ways.labels(described.logits)]
    _refuse_better("blasts", blasts_auc, found, network, sample, settings)
    # Blue for red, or labels exchanged, may leave blasts as they were and call other cells
    # otherwise: the verdict counts monocytes and immature cells by name.
    _refuse_better("its labels", labels_auc, found, network, sample, settings)
    return found


def _refuse_better(
    what: str,
    measure: Measure,
    found: list[Alternative],
    network: FloatNetwork,
    sample: CellSet,
    settings: ConvertSettings,
) -> None:
    """Another way than the described one, the first, that surely tells something apart better."""
    known, everyone = network.description, np.arange(len(sample))
    figures = [measure(way.logits, sample, known, everyone) for way in found]
    told = [-1.0 if figure is None else figure for figure in figures]
    described, best = figures[0], int(np.argmax(told))
    if described is None or told[best] - described <= settings.contract_margin:
        return
    way = found[best]
    if surely_better(measure, way.logits, found[0].logits, sample, known, settings.seed):
        raise ConversionRefused(
            f"{network.path.name} is not fed as described: with {way.name} it tells {what} apart "
            f"with an AUC of {told[best]:.3f}, as described with {described:.3f}.",
            f"{way.remedy} If you know that it is right as it is, go on with --set "
            f"contract_margin={told[best] - described + 0.01:.2f}.",
        )


class _Ways:
    """Alternatives on one sample."""

    def __init__(self, network: FloatNetwork, sample: CellSet) -> None:
        self._network = network
        self._known = network.description
        self._sample = sample

    def judged(self, name: str, remedy: str, logits: Floats) -> Alternative:
        """An alternative with its AUC."""
        auc = blasts_auc(logits, self._sample, self._known, np.arange(len(self._sample)))
        return Alternative(
            name, f"{remedy} in {self._told()}.", None if auc is None else round(auc, 5), logits
        )

    def pixels(self) -> list[Alternative]:
        """Other ranges, other orders of channels, and both."""
        found = []
        own = (self._known.multiply, self._known.add)
        other = "BGR" if self._known.order == "RGB" else "RGB"
        ranges = {"the range as described": own} | {
            name: scaling for name, scaling in RANGES.items() if not np.allclose(scaling, own)
        }
        for name, (multiply, add) in ranges.items():
            pixels = f"input.pixels.multiply to {_short(multiply)} and add to {_short(add)}"
            for swapped in (False, True):
                scaling_is_own = (multiply, add) == own
                if scaling_is_own and not swapped:
                    continue
                order = f'input.pixels.order to "{other}"'
                words = f"channels {other}" if scaling_is_own else f"pixels of {name}"
                if swapped and not scaling_is_own:
                    words += f" and channels {other}"
                remedy = " and ".join(
                    part
                    for part, wanted in ((pixels, not scaling_is_own), (order, swapped))
                    if wanted
                )
                logits = self._run(self._sample.crops, multiply, add, swapped)
                found.append(self.judged(words, f"Set {remedy}", logits))
        return found

    def scales(self) -> list[Alternative]:
        """Crops of another scale, cut anew from the pictures."""
        found = []
        for factor in SCALES:
            scale = round(self._known.um_per_px * factor, 4)
            if not 0.02 <= scale <= 1.0:
                continue
            cells = read_cells(
                self._sample.cells, replace(self._known, um_per_px=scale), lambda *_: None
            )
            logits = self._network.logits(cells.crops)
            remedy = f"Set input.um_per_px to {scale:g}"
            found.append(self.judged(f"crops of {scale:g} um/px", remedy, logits))
        return found

    def labels(self, logits: Floats) -> list[Alternative]:
        """Labels in the order in which the answers fit what was signed best."""
        order = _fitting_order(logits, self._sample.label_index, len(self._known.labels))
        if order == list(range(len(order))):
            return []
        names: list[str] = [""] * len(order)
        for label, output in enumerate(order):
            names[output] = self._known.labels[label]
        words = f"labels in the order {', '.join(names)}"
        return [self.judged(words, f"Put labels in the order {', '.join(names)}", logits[:, order])]

    def _run(
        self, crops: NDArray[np.uint8], multiply: Triple, add: Triple, swapped: bool
    ) -> Floats:
        scale, shift = (np.array(each, dtype=np.float32) for each in (multiply, add))
        real = crops.astype(np.float32) * scale + shift
        if swapped:
            real = np.ascontiguousarray(real[..., ::-1])
        starts = range(0, len(real), 64)
        parts = [self._network.run(real[start : start + 64]) for start in starts]
        return np.nan_to_num(np.concatenate(parts).astype(np.float64), posinf=1e6, neginf=-1e6)

    def _told(self) -> str:
        return self._network.path.with_suffix(".json").name


def _sample(holdout: CellSet, settings: ConvertSettings) -> CellSet:
    chosen = choose_representative(holdout, settings.contract_cells, settings.seed)
    return CellSet(
        tuple(holdout.cells[index] for index in chosen),
        holdout.crops[chosen],
        holdout.label_index[chosen],
        holdout.is_white[chosen],
        holdout.is_blast[chosen],
    )


def _fitting_order(logits: Floats, label_index: NDArray[np.int64], labels: int) -> list[int]:
    """For each label the output that fits it best, each output once: greatest contrast first."""
    spread = logits.std(axis=0) + 1e-9
    means = np.full((labels, labels), -np.inf)
    for label in range(labels):
        own = label_index == label
        if own.sum() >= 3:
            means[label] = (logits[own].mean(axis=0) - logits.mean(axis=0)) / spread
    order = [-1] * labels
    free = set(range(labels))
    while np.isfinite(means).any():
        label, output = divmod(int(means.argmax()), labels)
        order[label] = output
        free.discard(output)
        means[label, :] = -np.inf
        means[:, output] = -np.inf
    for label in range(labels):
        if order[label] < 0:  # too few cells to tell: its own place, if that is free
            order[label] = label if label in free else min(free)
            free.discard(order[label])
    return order


def _short(values: Triple) -> str:
    return "[" + ", ".join(f"{value:.6g}" for value in values) + "]"
