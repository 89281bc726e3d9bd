"""``python -m train RECIPE --out FOLDER``: labelled cells to a trained float network."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

from edge.errors import LeukoscopeError, WorkstationMissing
from train.cells import LabelledCell, Part, read_index, split_cells, write_cell_list
from train.recipe import Recipe


def main(argv: list[str] | None = None) -> int:
    """Run a recipe; exit status 0 trained, 1 failed, 2 wrong usage or input."""
    parser = argparse.ArgumentParser(prog="python -m train", description=__doc__)
    parser.add_argument("recipe", type=Path, help="a TOML file of train/recipes/")
    parser.add_argument("--out", type=Path, required=True, help="folder for network, log and lists")
    parser.add_argument("--data", type=Path, default=None, help="folder of the labelled zips")
    parser.add_argument("--weights", type=Path, default=None, help="folder of backbone weights")
    parser.add_argument(
        "--lists", action="store_true", help="only write who is trained on and who is held out"
    )
    arguments = parser.parse_args(argv)
    shared = Path(__file__).resolve().parents[2] / "shared"
    data = arguments.data or Path(os.environ.get("LEUKOSCOPE_DATA", shared / "data"))
    weights = arguments.weights or Path(os.environ.get("LEUKOSCOPE_WEIGHTS", shared / "weights"))
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    try:
        if arguments.lists:
            write_lists(arguments.recipe, data, arguments.out)
        else:
            run(arguments.recipe, data, weights, arguments.out)
    except ModuleNotFoundError as error:
        missing = WorkstationMissing(f"Training needs the package {error.name}.")
        print(f"leukoscope: {missing}", file=sys.stderr)
        return missing.exit_status
    except LeukoscopeError as fault:
        print(f"leukoscope: {fault}", file=sys.stderr)
        return fault.exit_status
    return 0


def run(recipe_path: Path, data: Path, weights: Path, out: Path) -> None:
    """Everything from recipe to ``float.keras`` with its description and cell lists."""
    recipe, parts = write_lists(recipe_path, data, out)
    import keras

    from edge.imaging.crop import CropSpec
    from train.description import describe
    from train.fit import fit
    from train.labels import LABELS
    from train.network import build_network
    from train.pixels import load_crops

    network_recipe = recipe.network
    # A quarter more than the network sees, so that turned and shifted views need no padding.
    spec = CropSpec(size_px=network_recipe.size_px * 5 // 4, um_per_px=network_recipe.um_per_px)
    train_crops = load_crops(data, parts["train"], spec, _show_progress)
    tune_crops = load_crops(data, parts["tune"], spec, _show_progress)
    print(flush=True)
    keras.utils.set_random_seed(recipe.seed)
    network = build_network(network_recipe, len(LABELS), weights, recipe.seed)
    best = fit(network, train_crops, parts["train"], tune_crops, parts["tune"], recipe, out)
    best.save(out / "float.keras")
    told = describe(recipe, recipe_path.name, spec.context_um, parts["train"])
    (out / "float.json").write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


def write_lists(
    recipe_path: Path, data: Path, out: Path
) -> tuple[Recipe, dict[Part, list[LabelledCell]]]:
    """Write who is trained on, tuned on and held out: ``PART.cells.json``, as ``convert`` reads."""
    recipe = Recipe.load(recipe_path)
    cells = [cell for source in recipe.sources for cell in read_index(data, source)]
    parts = split_cells(cells, recipe)
    out.mkdir(parents=True, exist_ok=True)
    for part, members in parts.items():
        write_cell_list(out / f"{part}.cells.json", members)
        patients = len({cell.patient for cell in members} - {""})
        print(f"{part}: {len(members)} cells, {patients} patients", flush=True)
    return recipe, parts


def _show_progress(done: int, total: int) -> None:
    if done % 200 == 0 or done == total:
        print(f"\rcells read: {done}/{total} ", end="", flush=True)


if __name__ == "__main__":
    sys.exit(main())
