"""Every number of a conversion that could have been another one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any, Final

from edge.errors import UsageFault

_AT_LEAST_ONE: Final = ("representative_cells", "compared_layers", "golden_cells")


@dataclass(frozen=True)
class ConvertSettings:
    """Defaults of ``python -m convert``.

    Attributes:
        representative_cells: Cells that set the int8 ranges, balanced over sources and labels.
        output_range_factor: How much wider than the logits seen the output's int8 range is. At 1
            its step is about what two interpreters differ by (0.1), which says nothing; at 3 they
            agree, and the AUC stays.
        specificity: Share of the calibration set's white cells that are no blasts which must not
            be called blasts.
        blast_free_specificity: The same for sources and patients without blasts, on their mean.
        conformal_error: Largest share of each source's blasts to be answered "no blast", and of
            its other white cells to be answered "blast"; the rest gets no answer.
        strange_share: Share of the calibration set's white cells below the energy limit.
        blast_free_below: A patient with a smaller share of signed blasts counts as without.
        count_unseen_cameras: Whether healthy blood of cameras never trained on, where the report
            tells of it, stands for "no blasts" too. It widens the spread of false blasts: fewer
            wrong REVIEW on a camera like none before, fewer REVIEW of slides with few blasts.
        least_agreement: Smallest share of holdout cells on which int8 and float decide alike.
        most_auc_loss: Largest loss of AUC from float to int8.
        most_sensitivity_loss: Largest loss of sensitivity from float to int8, which it must stay
            below with a confidence of 95% over patients.
        most_false_blast_rise: Largest rise of the false-blast rate from float to int8, likewise.
        most_ece_change: Largest change of the expected calibration error.
        most_silence_change: Largest change of the share of cells that get no answer.
        most_verdicts_changed: Most holdout patients whose verdict changes.
        most_clipped: Largest share of a layer's values that int8 cuts off.
        most_steps: Largest difference between two interpreters' answers to any holdout cell (the
            mean over the network's views), in steps of the output.
        most_float_layers: Most layers to be kept in float where int8 fails; 0 allows none.
        compared_layers: Cells on which layers are compared.
        contract_cells: Holdout cells on which the pixel contract is tried; 0 leaves it out.
        contract_margin: How much better than as described another way of feeding must tell blasts
            apart (AUC) to be taken for the right one.
        golden_cells: Golden vectors in the bundle.
        seed: Of every draw.
    """

    representative_cells: int = 400
    output_range_factor: float = 3.0
    specificity: float = 0.97
    blast_free_specificity: float = 0.99
    conformal_error: float = 0.025
    strange_share: float = 0.005
    blast_free_below: float = 0.01
    count_unseen_cameras: bool = True
    least_agreement: float = 0.99
    most_auc_loss: float = 0.003
    most_sensitivity_loss: float = 0.005
    most_false_blast_rise: float = 0.005
    most_ece_change: float = 0.01
    most_silence_change: float = 0.01
    most_verdicts_changed: int = 0
    most_clipped: float = 0.05
    most_steps: int = 2
    most_float_layers: int = 12
    compared_layers: int = 24
    contract_cells: int = 240
    contract_margin: float = 0.03
    golden_cells: int = 16
    seed: int = 20261123

    def __post_init__(self) -> None:
        if not 1 <= self.output_range_factor <= 10:
            raise ValueError(f"output_range_factor is out of range: {self.output_range_factor}")
        for field in fields(self):
            value = getattr(self, field.name)
            share = field.type == "float" and field.name != "output_range_factor"
            low = 1 if field.name in _AT_LEAST_ONE else 0
            if not (0 <= value <= 1 if share else value >= low):
                raise ValueError(f"{field.name} is out of range: {value}")


def settings_with(changes: Sequence[str]) -> ConvertSettings:
    """The defaults with these changes.

    Args:
        changes: Each ``NAME=VALUE``.

    Raises:
        UsageFault: A name is none of the settings, or a value none that it can take.
    """
    known = fields(ConvertSettings)
    readers: dict[str, Callable[[str], Any]] = {"float": float, "int": int, "bool": _yes_or_no}
    kinds = {field.name: readers[str(field.type)] for field in known}
    found: dict[str, Any] = {}
    for change in changes:
        name, _, text = change.partition("=")
        if name not in kinds:
            raise UsageFault(f"--set {name}: no such setting.", f"Settings: {', '.join(kinds)}.")
        try:
            found[name] = kinds[name](text)
        except ValueError:
            raise UsageFault(
                f"--set {change}: {text!r} is no value of it.",
                "See convert/settings.py.",
            ) from None
    try:
        return ConvertSettings(**found)
    except ValueError as error:
        raise UsageFault(f"--set: {error}.", "See convert/settings.py.") from error


def _yes_or_no(text: str) -> bool:
    if text not in {"true", "false"}:
        raise ValueError(f"{text!r} is neither true nor false")
    return text == "true"
