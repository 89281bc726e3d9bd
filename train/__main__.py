"""``python -m train RECIPE --out FOLDER``: labelled cells to a trained float network.

``python -m train evaluate RECIPE`` reports on it: see ``train/evaluation``; ``python -m train
ablate RECIPE TABLE`` says what each of its choices is worth.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from edge.errors import LeukoscopeError, UsageFault, WorkstationMissing
from train.recipe import Recipe

ROOT = Path(__file__).resolve().parents[1]


def main(argv: list[str] | None = None) -> int:
    """Run a recipe, or evaluate it; exit status 0 done, 1 failed, 2 wrong usage or input."""
    words = sys.argv[1:] if argv is None else argv
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    try:
        verbs = {"evaluate": _evaluate, "ablate": _ablate}
        if words and words[0] in verbs:
            verbs[words[0]](words[1:])
        else:
            _train(words)
    except ModuleNotFoundError as error:
        missing = WorkstationMissing(f"Training needs the package {error.name}.")
        print(f"leukoscope: {missing}", file=sys.stderr)
        return missing.exit_status
    except LeukoscopeError as fault:
        print(f"leukoscope: {fault}", file=sys.stderr)
        return fault.exit_status
    except OSError as error:  # a folder for a recipe, a file for --out, a full disk
        wrong = UsageFault(f"{error.filename}: {error.strerror}.", "Name another, or make room.")
        print(f"leukoscope: {wrong}", file=sys.stderr)
        return wrong.exit_status
    except KeyboardInterrupt:
        print("leukoscope: stopped; the same command goes on from here.", file=sys.stderr)
        return 1
    return 0


def _train(words: list[str]) -> None:
    parser = _parser("python -m train", __doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder for network, log and lists")
    parser.add_argument("--fold", type=int, default=0, help="patients to hold out (0)")
    parser.add_argument("--leave-out", metavar="SOURCE", help="a source to hold out whole besides")
    parser.add_argument(
        "--lists", action="store_true", help="only write who is trained on and who is held out"
    )
    arguments = parser.parse_args(words)
    from train.cells import split_cells
    from train.plan import Run, read_cells, write_lists

    recipe = Recipe.load(arguments.recipe)
    run = Run(arguments.out.name, arguments.fold, arguments.leave_out)
    parts = split_cells(read_cells(recipe, arguments.data), recipe, run.fold, run.leave_out)
    if arguments.lists:
        for line in write_lists(recipe, arguments.recipe.name, parts, arguments.out):
            print(line, flush=True)
    else:
        # What is missing is said before minutes are spent on reading pictures.
        recipe.network.weights_in(arguments.weights)
        from train.runs import Data, train_run

        data = Data.read(recipe, arguments.data, _show_progress)
        train_run(recipe, arguments.recipe.name, run, data, arguments.weights, arguments.out)


def _evaluate(words: list[str]) -> None:
    parser = _parser(
        "python -m train evaluate",
        "Cross-validation by patient, each source left out in turn, and what came of it: "
        "report.json and report.html. Runs that are there are not trained again.",
    )
    parser.add_argument("--runs", type=Path, required=True, help="folder of the training runs")
    parser.add_argument("--out", type=Path, help="folder of the report; left out: only train")
    parser.add_argument("--only", nargs="*", metavar="RUN", help="train no other runs than these")
    arguments = parser.parse_args(words)
    from train.evaluation.answers import is_done
    from train.evaluation.report import write_report
    from train.plan import cross_validation

    recipe = Recipe.load(arguments.recipe)
    runs = cross_validation(recipe)
    missing = [run for run in runs if not is_done(arguments.runs / run.name)]
    if arguments.only is not None:
        names = [run.name for run in runs]
        if strange := sorted(set(arguments.only) - set(names)):
            raise UsageFault(
                f"There is no run {strange[0]!r}.", f"Name some of {', '.join(names)}."
            )
        missing = [run for run in missing if run.name in arguments.only]
    if missing:
        recipe.network.weights_in(arguments.weights)
        from train.runs import Data, train_run

        data = Data.read(recipe, arguments.data, _show_progress)
        for run in missing:
            print(f"\n{run.name}", flush=True)
            out = arguments.runs / run.name
            train_run(recipe, arguments.recipe.name, run, data, arguments.weights, out)
    if arguments.out is not None:
        for line in write_report(recipe, runs, arguments.runs, arguments.data, arguments.out):
            print(line, flush=True)


def _ablate(words: list[str]) -> None:
    parser = _parser(
        "python -m train ablate",
        "Train every variant of a table, and compare them: ablations.json. Variants that "
        "are there are not trained again.",
    )
    parser.add_argument("table", type=Path, help="train/recipes/ablations.toml")
    parser.add_argument("--out", type=Path, required=True, help="folder of the variants")
    parser.add_argument("--only", nargs="*", metavar="NAME", help="train no other variants")
    arguments = parser.parse_args(words)
    from train.ablation import Ablation, compare, run_ablation, write_comparison

    recipe = Recipe.load(arguments.recipe)
    ablation = Ablation.load(arguments.table, recipe)
    data, out = arguments.data, arguments.out
    for line in run_ablation(
        ablation, data, arguments.weights, out, arguments.only, _show_progress
    ):
        print(line, flush=True)
    rows = compare(ablation, data, out)
    write_comparison(out / "ablations.json", recipe, rows)
    for row in rows:
        print(row, flush=True)


def _parser(program: str, description: str | None) -> argparse.ArgumentParser:
    data = Path(os.environ.get("LEUKOSCOPE_DATA", ROOT.parent / "shared" / "data"))
    weights = Path(os.environ.get("LEUKOSCOPE_WEIGHTS", ROOT.parent / "shared" / "weights"))
    parser = argparse.ArgumentParser(prog=program, description=description)
    parser.add_argument("recipe", type=Path, help="a TOML file of train/recipes/")
    parser.add_argument("--data", type=Path, default=data, help="folder of the labelled zips")
    parser.add_argument("--weights", type=Path, default=weights, help="folder of backbone weights")
    return parser


def _show_progress(done: int, total: int) -> None:
    if done % 200 == 0 or done == total:
        print(f"\rcells read: {done}/{total} ", end="\n" if done == total else "", flush=True)


if __name__ == "__main__":
    sys.exit(main())
