"""What each choice of a recipe is worth: variants trained short on the same split, compared.

One training each: a difference no larger than that of a repetition with another seed says nothing.
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
from train.evaluation.calls import RunCalls, call_run
from train.labels import LABELS
from train.plan import Run, read_cells
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
    """Variants and the split they are compared on.

    Attributes:
        run: Who is held out.
        variants: In order; teachers before their students.
    """

    run: Run
    variants: tuple[Variant, ...]

    @classmethod
    def load(cls, path: Path, recipe: Recipe) -> Ablation:
        """Read a table of variants of ``recipe``.

        Raises:
            UsageFault: It is missing, no TOML, or names a key that the recipe has not.
        """
        try:
            table = tomllib.loads(path.read_text(encoding="utf-8"))
            run = Run("", int(table.pop("fold")), str(table.pop("leave_out")))
            short = table.pop("short")
            variants = [_variant(recipe, {**short, **entry}) for entry in table.pop("variants")]
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
        return cls(run, tuple(variants))


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
        folder = out / variant.folder
        if is_done(folder) or (only is not None and variant.name not in only):
            continue
        recipe = variant.recipe
        key = (recipe.network.size_px, recipe.network.um_per_px, variant.white_reference)
        if key not in loaded:
            loaded.clear()
            loaded[key] = Data.read(recipe, data, progress, variant.white_reference)
        yield f"\n{variant.name}"
        teacher = None
        if variant.teacher is not None:
            taught_by = next(v for v in ablation.variants if v.name == variant.teacher)
            teacher = out / taught_by.folder / "float.keras"
        train_run(recipe, "", ablation.run, loaded[key], weights, folder, teacher)


def compare(ablation: Ablation, data: Path, out: Path) -> list[dict[str, Any]]:
    """Figures of every variant that is there, and what a call costs it."""
    from train.network import build_network, multiply_adds

    rows = []
    for variant in ablation.variants:
        folder = out / variant.folder
        if not is_done(folder):
            continue
        parts = split_cells(
            read_cells(variant.recipe, data),
            variant.recipe,
            ablation.run.fold,
            ablation.run.leave_out,
        )
        answers = read_answers(folder, parts["tune"], parts["holdout"])
        network = build_network(variant.recipe.network, len(LABELS), None, 0)
        cost = {"million_multiply_adds": round(answers.views * multiply_adds(network) / 1e6, 1)}
        figures_of_run = _figures(call_run(ablation.run, parts, answers))
        rows.append({"variant": variant.name, **cost, **figures_of_run})
    return rows


def _figures(run: RunCalls) -> dict[str, Any]:
    calls = figures.white_only(run.holdout)
    patients = calls.where(calls.patients != "")
    left_out = calls.where(calls.sources == run.run.leave_out)
    limit = figures.log_odds_at_specificity(patients, 0.95)
    fold = run.run.fold
    at = figures.at_one_threshold(calls, {fold: limit})
    healthy = figures.healthy_fields([replace(run, run=Run("", fold))], {fold: limit})
    return {
        "auc_patients": figures.ranking(patients)["auc"],
        "sensitivity_patients": at["jhu"]["sensitivity"],
        f"auc_{run.run.leave_out}": figures.ranking(left_out)["auc"],
        f"sensitivity_{run.run.leave_out}": at[str(run.run.leave_out)]["sensitivity"],
        **{f"false_blasts_{name}": part["at_one_threshold"] for name, part in healthy.items()},
    }


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
