"""Every number of a conversion that could have been another one."""

from __future__ import annotations

from dataclasses import dataclass, fields


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
        most_sensitivity_loss: Largest loss of sensitivity from float to int8.
        most_ece_change: Largest change of the expected calibration error.
        most_silence_change: Largest change of the share of cells that get no answer.
        most_steps: Largest difference between two interpreters, in steps of the output.
        compared_cells: Holdout cells on which the interpreters are compared.
        golden_cells: Golden vectors in the bundle.
        seed: Of every draw.
    """

    representative_cells: int = 400
    output_range_factor: float = 3.0
    specificity: float = 0.97
    blast_free_specificity: float = 0.99
    conformal_error: float = 0.04
    strange_share: float = 0.005
    blast_free_below: float = 0.01
    count_unseen_cameras: bool = True
    least_agreement: float = 0.99
    most_auc_loss: float = 0.003
    most_sensitivity_loss: float = 0.005
    most_ece_change: float = 0.01
    most_silence_change: float = 0.01
    most_steps: int = 2
    compared_cells: int = 400
    golden_cells: int = 16
    seed: int = 20261123

    def __post_init__(self) -> None:
        if not 1 <= self.output_range_factor <= 10:
            raise ValueError(f"output_range_factor is out of range: {self.output_range_factor}")
        for field in fields(self):
            value = getattr(self, field.name)
            share = field.type == "float" and field.name != "output_range_factor"
            if not (0 <= value <= 1 if share else value >= 0):
                raise ValueError(f"{field.name} is out of range: {value}")
