"""What each choice of a recipe is worth: variants trained on the same splits, compared.

A table asks for one split, on which many variants can be tried short, or for the whole
cross-validation, which only few can have. One training each: a difference no larger than that of a
repetition with another seed says nothing.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from edge.errors import UsageFault
from train.cells import split_cells
from train.evaluation import figures
from train.evaluation.answers import is_done, read_answers
from train.evaluation.calls import call_run, read_calls
from train.evaluation.report import report
from train.labels import LABELS
from train.plan import Run, cross_validation, read_cells
from train.recipe import Recipe


@dataclass(frozen=True)
class Variant:
    """A recipe with some of its values changed.

    Attributes:
        name: What was changed, in words.
        recipe: As changed.
        white_reference: Whether colours are made relative to the glass.
        teacher: Name of the variant whose answers it learns, or None.
    """

    name: str
    recipe: Recipe
    white_reference: bool
    teacher: str | None

    @property
    def folder(self) -> str:
        """Its name as a folder's."""
        return re.sub(r"[^a-z0-9.]+", "-", self.name.lower()).strip("-")


@dataclass(frozen=True)
class Ablation:
    """Variants and the splits they are compared on.

    Attributes:
        runs: Who is held out: one run, or those of a whole cross-validation.
        variants: In order; teachers before their students.
    """

    runs: tuple[Run, ...]
    variants: tuple[Variant, ...]

    def folder(self, variant: Variant, run: Run) -> Path:
        """Where a variant's run lies, beneath the folder of all."""
        alone = len(self.runs) == 1
        return Path(variant.folder) if alone else Path(variant.folder, run.name)

    @classmethod
    def load(cls, path: Path, recipe: Recipe) -> Ablation:
        """Read a table of variants of ``recipe``.

        Raises:
            UsageFault: It is missing, no TOML, or names a key that the recipe has not.
        """
        try:
            table = tomllib.loads(path.read_text(encoding="utf-8"))
            runs = _runs(table, recipe)
            common = table.pop("short", {})
            variants = [_variant(recipe, {**common, **entry}) for entry in table.pop("variants")]
            known = set()
            for variant in variants:
                if variant.teacher is not None and variant.teacher not in known:
                    raise ValueError(f"teacher {variant.teacher!r} is no variant before it")
                known.add(variant.name)
        except FileNotFoundError:
            raise UsageFault(f"There is no table {path}.", "Name one of train/recipes/.") from None
        except KeyError as error:
            raise UsageFault(f"Table {path} lacks the key {error}.", "Add it.") from error
        except (ValueError, TypeError) as error:
            raise UsageFault(f"Table {path}: {error}.", "Mend the table.") from error
        return cls(runs, tuple(variants))


def run_ablation(
    ablation: Ablation,
    data: Path,
    weights: Path,
    out: Path,
    only: Sequence[str] | None,
    progress: Callable[[int, int], None],
) -> Iterator[str]:
    """Train the variants that are not there yet; yields what to tell."""
    from train.runs import Data, train_run

    loaded: dict[Any, Data] = {}
    for variant in ablation.variants:
        if only is not None and variant.name not in only:
            continue
        recipe = variant.recipe
        key = (recipe.network.size_px, recipe.network.um_per_px, variant.white_reference)
        for run in ablation.runs:
            folder = out / ablation.folder(variant, run)
            if is_done(folder):
                continue
            if key not in loaded:
                loaded.clear()
                loaded[key] = Data.read(recipe, data, progress, variant.white_reference)
            yield f"\n{variant.name} {run.name}".rstrip()
            teacher = None
            if variant.teacher is not None:
                taught_by = next(v for v in ablation.variants if v.name == variant.teacher)
                teacher = out / ablation.folder(taught_by, run) / "float.keras"
            train_run(recipe, "", run, loaded[key], weights, folder, teacher)


def compare(ablation: Ablation, data: Path, out: Path) -> list[dict[str, Any]]:
    """Figures of every variant that is there, and what a cell costs it."""
    from train.network import build_network, multiply_adds

    rows = []
    for variant in ablation.variants:
        if not all(is_done(out / ablation.folder(variant, run)) for run in ablation.runs):
            continue
        network = variant.recipe.network
        calls = multiply_adds(build_network(network, len(LABELS), None, 0)) * network.views
        cost = {"million_multiply_adds": round(calls / 1e6, 1)}
        if len(ablation.runs) == 1:
            of_all = _figures_of_one(ablation.runs[0], variant, data, out / variant.folder)
        else:
            of_all = _figures_of_all(ablation.runs, variant, data, out / variant.folder)
        rows.append({"variant": variant.name, **cost, **of_all})
    return rows


def _figures_of_one(run: Run, variant: Variant, data: Path, folder: Path) -> dict[str, Any]:
    """At a threshold that 95% of the normal cells of the fold's patients pass."""
    cells = read_cells(variant.recipe, data)
    parts = split_cells(cells, variant.recipe, run.fold, run.leave_out)
    called = call_run(run, parts, read_answers(folder, parts["tune"], parts["holdout"]))
    calls = figures.white_only(called.holdout)
    patients = calls.where(calls.patients != "")
    left_out = calls.where(calls.sources == run.leave_out)
    limit = {run.fold: figures.log_odds_at_specificity(patients, 0.95)}
    at = figures.at_one_threshold(calls, limit)
    healthy = figures.healthy_fields([replace(called, run=Run("", run.fold))], limit)
    return {
        "auc_patients": figures.ranking(patients)["auc"],
        "sensitivity_patients": at["jhu"]["sensitivity"],
        f"auc_{run.leave_out}": figures.ranking(left_out)["auc"],
        f"sensitivity_{run.leave_out}": at[str(run.leave_out)]["sensitivity"],
        **{f"false_blasts_{name}": part["at_one_threshold"] for name, part in healthy.items()},
    }


def _figures_of_all(
    runs: Sequence[Run], variant: Variant, data: Path, folder: Path
) -> dict[str, Any]:
    """Those of the report that goals are set for."""
    recipe = variant.recipe
    told = report(recipe, read_calls(recipe, runs, folder, read_cells(recipe, data)))
    validated = told["cross_validation"]
    patients = validated["leukemia_patients"]
    row = {
        "auc_patients": patients["auc"],
        "auc_patients_mature": patients["auc_mature"],
        "patients_under_0.90": patients["patient_auc"]["under_0.90"],
        "sensitivity_patients": validated["one_threshold"]["jhu"]["sensitivity"],
    }
    for name, part in told["left_out"].items():
        at = {"auc": part["auc"], **part["at_one_threshold"]}
        row |= {f"{key}_{name}": value for key, value in at.items() if value is not None}
    for name, part in told["healthy_fields"].items():
        row[f"false_blasts_{name}"] = part["at_one_threshold"]
    return row


def _runs(table: dict[str, Any], recipe: Recipe) -> tuple[Run, ...]:
    """The splits a table asks for; takes their keys out of it."""
    if table.pop("cross_validation", False):
        return tuple(replace(run, degrade=False) for run in cross_validation(recipe))
    return (Run("", int(table.pop("fold")), str(table.pop("leave_out"))),)


def _variant(recipe: Recipe, changes: dict[str, Any]) -> Variant:
    name = str(changes.pop("name"))
    white_reference = bool(changes.pop("white_reference", True))
    teacher = changes.pop("teacher", None)
    if not changes.pop("balanced", True):
        recipe = replace(recipe, sources=tuple(replace(s, draw={}) for s in recipe.sources))
    for key, value in changes.items():
        section, _, field = key.partition(".")
        part = getattr(recipe, section, None)
        if part is None or field not in {f.name for f in fields(part)}:
            raise ValueError(f"{key!r} is no value of the recipe")
        recipe = replace(recipe, **{section: replace(part, **{field: value})})
    return Variant(name, recipe, white_reference, teacher)


def write_comparison(path: Path, recipe: Recipe, rows: list[dict[str, Any]]) -> None:
    """Write ``ablations.json``."""
    told = {"recipe": recipe.name, "version": recipe.version, "variants": rows}
    path.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
