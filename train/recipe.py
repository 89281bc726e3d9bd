"""A training recipe: one TOML file, checked whole before any work starts."""

from __future__ import annotations

import math
import tomllib
from dataclasses import MISSING, dataclass, fields
from difflib import get_close_matches
from pathlib import Path
from types import NoneType
from typing import Any, Final, Self, get_args, get_origin, get_type_hints

from edge.errors import DataMissing, UsageFault
from edge.imaging.crop import UM_PER_PX_MAX, UM_PER_PX_MIN
from edge.inference.views import VIEWS
from train.labels import LABELS

_WORDS: Final = {
    str: "a text",
    int: "a whole number",
    float: "a finite number",
    bool: "true or false",
}


@dataclass(frozen=True)
class NetworkRecipe:
    """Which network: a backbone of ``shared/weights``, its width and its input.

    Attributes:
        backbone: Name of its weights.
        alpha: Its width.
        size_px: Side of its input.
        um_per_px: Scale of its input.
        views: Mirror images of each cell whose answers are averaged when it is asked, 1, 2 or 4:
            see ``edge.inference.views``; once where a recipe does not say. Training turns and
            mirrors every cell anyway.
    """

    backbone: str
    alpha: float
    size_px: int
    um_per_px: float
    views: int = 1

    def __post_init__(self) -> None:
        _refuse_outside("network.size_px", self.size_px, 16, 1024)
        _refuse_outside("network.um_per_px", self.um_per_px, UM_PER_PX_MIN, UM_PER_PX_MAX)
        if self.views not in VIEWS:
            raise ValueError(f"network.views is {self.views}, not one of {VIEWS}")

    def weights_in(self, folder: Path) -> Path:
        """The file of the backbone's weights.

        Raises:
            DataMissing: It is not there.
        """
        path = folder / f"{self.backbone}.weights.h5"
        if not path.is_file():
            raise DataMissing(
                f"Pretrained weights {path} are not there.",
                "Set LEUKOSCOPE_WEIGHTS, or mend network.backbone of the recipe.",
            )
        return path


@dataclass(frozen=True)
class FitRecipe:
    """How it is fitted: first on coarse views, which cost a fraction, then on those of the size
    that is shipped (progressive resizing; Howard, DAWNBench 2018).

    Attributes:
        seed: Of the fit alone: the split has the recipe's.
        coarse_size_px: Side of the coarse views, of the same width in micrometres.
        coarse_epochs: Epochs on them; 0 for none.
        coarse_learning_rate: Peak of their one-cycle cosine schedule.
        epochs: Epochs at full size.
        cells_per_epoch: Views an epoch.
        batch: Views a step.
        learning_rate: Peak of the schedule at full size.
        weight_decay: Of AdamW.
        label_smoothing: 0-1.
        blast_loss_weight: Of the blast / not blast loss beside the label loss.
    """

    seed: int
    coarse_size_px: int
    coarse_epochs: int
    coarse_learning_rate: float
    epochs: int
    cells_per_epoch: int
    batch: int
    learning_rate: float
    weight_decay: float
    label_smoothing: float
    blast_loss_weight: float

    def __post_init__(self) -> None:
        for name in ("coarse_epochs", "epochs"):
            _refuse_outside(f"fit.{name}", getattr(self, name), 0, 10_000)
        for name in ("cells_per_epoch", "batch"):
            _refuse_outside(f"fit.{name}", getattr(self, name), 1, 10_000_000)


@dataclass(frozen=True)
class StainRecipe:
    """How cells are shown in the stains of other laboratories; see ``train/stains.py``.

    Attributes:
        share: Of the cells, 0-1.
        strength: Of both dyes beyond the stains known, standard deviation of the logarithm.
        contrast: Of nuclei against red cells, likewise.
        hue: Of each colour of each dye, likewise.
    """

    share: float
    strength: float
    contrast: float
    hue: float


@dataclass(frozen=True)
class AugmentRecipe:
    """Strength of each simulated difference between microscopes; see ``train/augment.py``.

    ``swap``, ``motion``, ``chroma_blur`` and ``compression`` are shares of the cells; the others
    are standard deviations or maxima.
    """

    scale: float
    shift_um: float
    swap: float
    stain_strength: float
    stain_channel: float
    stain_mixing: float
    white_balance: float
    flare: float
    black_level: float
    defocus: float
    noise: float
    chroma_blur: float
    motion: float
    fringe: float
    shading: float
    compression: float


@dataclass(frozen=True)
class SplitRecipe:
    """Who is kept away from training: by patient where patients are known.

    Attributes:
        folds: Of the cross-validation; the shipped network holds out fold 0.
        holdout_patients: Always in fold 0.
        tune_share: Of the patients, kept to set thresholds on.
    """

    folds: int
    holdout_patients: tuple[str, ...]
    tune_share: float

    def __post_init__(self) -> None:
        _refuse_outside("split.folds", self.folds, 2, 1000)
        _refuse_outside("split.tune_share", self.tune_share, 0, 0.9)


@dataclass(frozen=True)
class SourceRecipe:
    """One laboratory's cells.

    Attributes:
        name: Of the laboratory.
        zip: Its zip, or its folder of labels.
        terms: Under which its pictures may be used.
        leave_out: Whether the report has a network that never saw this laboratory.
        draw: For each network label, the share of an epoch drawn from it; the shares of all
            sources are normalised to one. All empty: every cell alike.
        um_per_px: Scale of its pictures where no index tells one.
    """

    name: str
    zip: str
    terms: str
    leave_out: bool
    draw: dict[str, float]
    um_per_px: float | None = None


@dataclass(frozen=True)
class CardRecipe:
    """What the model card must say that no figure says: what the cells are of, what is missing,
    what the worst mistakes look like to a person."""

    diseases: str
    caveats: tuple[str, ...]
    failures: tuple[str, ...]


@dataclass(frozen=True)
class Recipe:
    """Everything that makes a training run; same recipe and seed, same split."""

    name: str
    version: str
    seed: int
    network: NetworkRecipe
    fit: FitRecipe
    stain: StainRecipe
    augment: AugmentRecipe
    split: SplitRecipe
    sources: tuple[SourceRecipe, ...]
    card: CardRecipe

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read and check a recipe.

        Raises:
            UsageFault: The file is missing, no TOML, or has a missing, unknown or wrong key.
        """
        try:
            table = tomllib.loads(path.read_text(encoding="utf-8"))
            recipe = cls(
                name=_typed("name", table.pop("name"), str),
                version=_typed("version", table.pop("version"), str),
                seed=_typed("seed", table.pop("seed"), int),
                network=_build(NetworkRecipe, table.pop("network"), "network"),
                fit=_build(FitRecipe, table.pop("fit"), "fit"),
                stain=_build(StainRecipe, table.pop("stain"), "stain"),
                augment=_build(AugmentRecipe, table.pop("augment"), "augment"),
                split=_build(SplitRecipe, table.pop("split"), "split"),
                sources=_sources(table.pop("sources")),
                card=_build(CardRecipe, table.pop("card"), "card"),
            )
            if table:
                raise ValueError(f"unknown key {sorted(table)[0]!r}")
            for source in recipe.sources:
                unknown = set(source.draw) - set(LABELS)
                if unknown:
                    raise ValueError(f"source {source.name!r} draws unknown label {unknown}")
                for label, share in source.draw.items():
                    _refuse_outside(f"draw of {label} in source {source.name!r}", share, 0, 1e6)
        except FileNotFoundError:
            raise UsageFault(f"There is no recipe {path}.", "Name one of train/recipes/.") from None
        except KeyError as error:
            raise UsageFault(f"Recipe {path} lacks the key {error}.", "Add it.") from error
        except (ValueError, TypeError) as error:
            raise UsageFault(f"Recipe {path}: {error}.", "Mend the recipe.") from error
        return recipe


def _refuse_outside(where: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise ValueError(f"{where} must be from {low:g} to {high:g}, and is {value:g}")


def _sources(tables: Any) -> tuple[SourceRecipe, ...]:
    """The laboratories: at least one, each under a name of its own."""
    if not isinstance(tables, list) or not tables:
        raise ValueError("sources must be tables [[sources]], at least one")
    found = tuple(_build(SourceRecipe, each, f"sources[{i}]") for i, each in enumerate(tables))
    names = [source.name for source in found]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"two sources are called {twice[0]!r}")
    return found


def _build(kind: type[Any], table: Any, where: str) -> Any:
    """One section as its dataclass; TOML arrays become tuples."""
    if not isinstance(table, dict):
        raise ValueError(f"{where} must be a section, and is {table!r}")
    known = {field.name: field for field in fields(kind)}
    if unknown := sorted(set(table) - set(known)):
        near = get_close_matches(unknown[0], known, 1)
        meant = f"; did you mean {near[0]!r}?" if near else ""
        raise ValueError(f"unknown key {unknown[0]!r} in {where}{meant}")
    missing = {name for name, field in known.items() if field.default is MISSING} - set(table)
    if missing:
        raise ValueError(f"missing key {sorted(missing)[0]!r} in {where}")
    types = get_type_hints(kind)
    return kind(
        **{key: _typed(f"{where}.{key}", value, types[key]) for key, value in table.items()}
    )


def _typed(where: str, value: Any, kind: Any) -> Any:
    """The value, of the kind that its field declares; whole numbers do for others, true for none.

    A text for a number would be found out when the first epoch begins, or never: "no" is true.
    """
    if get_origin(kind) is tuple and isinstance(value, list):
        (inner, _) = get_args(kind)
        return tuple(_typed(f"{where}[{i}]", each, inner) for i, each in enumerate(value))
    if get_origin(kind) is dict and isinstance(value, dict):
        (_, inner) = get_args(kind)
        return {key: _typed(f"{where}.{key}", each, inner) for key, each in value.items()}
    plain = next((each for each in get_args(kind) if each is not NoneType), kind)
    if plain is float and type(value) is int:
        value = float(value)
    if type(value) is not plain or (plain is float and not math.isfinite(value)):
        raise ValueError(f"{where} must be {_WORDS.get(plain, 'a list')}, and is {value!r}")
    return value
