"""Labels of the network, and which of them every source's own labels become.

Blast equivalents follow the data's README (WHO classification: promyelocytes of acute
promyelocytic leukemia and promonocytes count as blasts). Smudge cells, platelets and aggregates
are no white cells to be judged: ``artefact``.
"""

from __future__ import annotations

from typing import Final

LABELS: Final = (
    "blast",
    "promyelocyte",
    "immature_granulocyte",
    "neutrophil",
    "lymphocyte",
    "monocyte",
    "eosinophil",
    "basophil",
    "erythroblast",
    "artefact",
)
BLAST_LABELS: Final = ("blast", "promyelocyte")
NON_CELL_LABELS: Final = ("artefact",)

SYNONYMS: Final = {
    "myeloblast": "blast",
    "monoblast": "blast",
    "promonocyte": "blast",
    "myelocyte": "immature_granulocyte",
    "metamyelocyte": "immature_granulocyte",
    "neutrophil_segmented": "neutrophil",
    "neutrophil_band": "neutrophil",
    "lymphocyte_variant": "lymphocyte",
    "plasma_cell": "lymphocyte",
    "prolymphocyte": "lymphocyte",
    "smudge": "artefact",
    "platelet": "artefact",
    "giant_thrombocyte": "artefact",
    "thrombocyte_aggregate": "artefact",
}
"""Source labels that mean one of ``LABELS`` under another name."""


def network_label(source_label: str) -> str:
    """The network's label for a source's label.

    Raises:
        ValueError: The source label is not known; guessing would poison the training.
    """
    label = SYNONYMS.get(source_label, source_label)
    if label not in LABELS:
        known = ", ".join(sorted({*LABELS, *SYNONYMS}))
        raise ValueError(f"unknown cell label {source_label!r}; known are {known}")
    return label
