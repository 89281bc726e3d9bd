"""What is said of a trained network in ``float.json``, which ``convert`` reads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from train.cells import LabelledCell
from train.labels import BLAST_LABELS, LABELS, NON_CELL_LABELS, SYNONYMS
from train.recipe import Recipe


def describe(
    recipe: Recipe, recipe_name: str, context_um: float, trained_on: Sequence[LabelledCell]
) -> dict[str, Any]:
    """Labels, input, sources with their terms, and how it was made; plain values for JSON."""
    return {
        "name": recipe.name,
        "version": recipe.version,
        "labels": LABELS,
        "blast_labels": BLAST_LABELS,
        "non_cell_labels": NON_CELL_LABELS,
        "synonyms": SYNONYMS,
        "input": {
            "size_px": recipe.network.size_px,
            "um_per_px": recipe.network.um_per_px,
            "views": recipe.network.views,
            "colour": {"method": "white_reference", "parameters": {"context_um": context_um}},
        },
        "trained_on": [
            {
                "name": source.name,
                "terms": source.terms,
                "cells": sum(cell.source == source.name for cell in trained_on),
                "patients": len(
                    {cell.patient for cell in trained_on if cell.source == source.name} - {""}
                ),
            }
            for source in recipe.sources
        ],
        "recipe": recipe_name,
        "seed": recipe.seed,
        "log": "training.log",
        "diseases": recipe.card.diseases,
        "caveats": list(recipe.card.caveats),
        "failures": list(recipe.card.failures),
    }
