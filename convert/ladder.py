"""The ladder: ways to int8 from the cheapest to the dearest, until one passes the gate."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from convert.description import NetworkDescription
from convert.device_network import DeviceNetwork
from convert.figures import Floats
from convert.head_bias import correct_head
from convert.layers import worst_layers
from convert.quantize import FloatModel, Prepared, to_int8
from convert.settings import ConvertSettings
from convert.trial import Rung, Trial
from edge.errors import ConversionRefused
from edge.inference.interpreter import open_interpreter

_WIDER: Final = 1.4
_WIDEST: Final = 10.0
_FLOAT_LAYERS: Final = (2, 6, 12)


@dataclass(frozen=True)
class Calibration:
    """Cells on which ways to int8 are compared before any sees the holdout.

    Attributes:
        crops: uint8 (N, size, size, 3).
        logits: The float network's, float64 (N, labels).
    """

    crops: NDArray[np.uint8]
    logits: Floats


@dataclass(frozen=True)
class Way:
    """One source of int8 models and how far its answers are from float's.

    Attributes:
        source: The float model it is made of.
        error: Root mean square of logits' differences on calibration cells, in logits.
        bias_error: The same after the head's bias was corrected; None where it cannot be.
    """

    source: FloatModel
    error: float
    bias_error: float | None

    @property
    def best(self) -> float:
        """The smaller of the two."""
        return min(self.error, self.error if self.bias_error is None else self.bias_error)


class Ladder:
    """Makes rungs from prepared float models.

    Args:
        prepared: The float models.
        network: Labels and pixels.
        calibration: Cells on which ways are compared.
        settings: Of the conversion.
    """

    def __init__(
        self,
        prepared: Prepared,
        network: NetworkDescription,
        calibration: Calibration,
        settings: ConvertSettings,
    ) -> None:
        self._prepared = prepared
        self._network = network
        self._calibration = calibration
        self._settings = settings
        self._made: dict[tuple[str, float, tuple[str, ...]], bytes] = {}
        self._answers: dict[bytes, Floats] = {}
        found = [self._measured(prepared.plain)]
        if prepared.careful is not None:
            found.append(self._measured(prepared.careful))
        self.ways = sorted(found, key=lambda way: way.best)

    def first(self) -> Rung:
        """The rung that is tried first."""
        return self._rung(self.ways[0], self._settings.output_range_factor)

    def climb(self, judge: Callable[[Rung], Trial], say: Callable[[str], None]) -> list[Trial]:
        """Trials in order; the last one passed, or none did.

        Args:
            judge: Tries a rung.
            say: Hears which one.
        """
        trials: list[Trial] = []

        def attempt(way: Way, factor: float, kept_float: tuple[str, ...] = ()) -> bool:
            try:
                rung = self._rung(way, factor, kept_float)
            except ConversionRefused as fault:
                say(f"cannot be made: {fault.cause}")
                return False
            say(f"trying: {rung.name}")
            trials.append(judge(rung))
            return not trials[-1].failed

        factor = self._settings.output_range_factor
        for way in self.ways:
            if attempt(way, factor):
                return trials
            wider = factor
            while trials and trials[-1].only_rounding_is_wrong and wider * _WIDER <= _WIDEST:
                wider *= _WIDER
                if attempt(way, wider):
                    return trials
        if trials:
            best = min(range(len(trials)), key=lambda i: (len(trials[i].failed), i))
            way = next(w for w in self.ways if w.source.exact == trials[best].rung.exact)
            for count in _FLOAT_LAYERS:
                if count > self._settings.most_float_layers:
                    break
                if attempt(way, factor, worst_layers(trials[best].layers, count)):
                    return trials
        return trials

    def _rung(self, way: Way, factor: float, kept_float: tuple[str, ...] = ()) -> Rung:
        corrected = way.bias_error is not None and way.bias_error < way.error
        model = self._int8(way.source, factor, kept_float)
        name = f"full int8, per channel, {way.source.name}"
        if corrected:
            better = self._bias_corrected(model)
            model, name = (model, name) if better is None else (better, f"{name}, bias corrected")
        if factor != self._settings.output_range_factor:
            name += f", output {factor:.2g} times as wide as seen"
        if kept_float:
            name += f", {len(kept_float)} layers in float"
        return Rung(name, model, way.source.exact, kept_float)

    def _measured(self, source: FloatModel) -> Way:
        factor = self._settings.output_range_factor
        model = self._int8(source, factor)
        corrected = self._bias_corrected(model)
        return Way(
            source,
            self._error(model),
            None if corrected is None else self._error(corrected),
        )

    def _int8(self, source: FloatModel, factor: float, kept_float: tuple[str, ...] = ()) -> bytes:
        """One conversion, made once: the first rung is one of the ways that were compared."""
        key = (source.name, factor, kept_float)
        if key not in self._made:
            self._made[key] = to_int8(source, self._prepared.pixels, factor, kept_float)
        return self._made[key]

    def _bias_corrected(self, model: bytes) -> bytes | None:
        return correct_head(model, (self._calibration.logits - self._logits(model)).mean(axis=0))

    def _error(self, model: bytes) -> float:
        return float(np.sqrt(((self._logits(model) - self._calibration.logits) ** 2).mean()))

    def _logits(self, model: bytes) -> Floats:
        """Of the calibration cells, asked once: errors and biases come from the same answers."""
        if model not in self._answers:
            device = DeviceNetwork(self._network, open_interpreter(model))
            self._answers[model] = device.logits(device.raw(self._calibration.crops))
        return self._answers[model]
