"""What the trainer says of a float network: the JSON file beside it, ``float.json``."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from edge.errors import ConversionRefused
from edge.inference.bundle import read_views
from edge.inference.fields import Fields, parse_object

Triple = tuple[float, float, float]

_INPUT: Final = ("size_px", "um_per_px", "views", "colour", "pixels")
_KNOWN: Final = (
    "name", "version", "labels", "blast_labels", "non_cell_labels", "synonyms", "input",
    "trained_on", "log", "recipe", "seed", "diseases", "caveats", "failures",
)  # fmt: skip


@dataclass(frozen=True)
class NetworkDescription:
    """A float network as its trainer describes it.

    Attributes:
        name: Of the network.
        version: Of the network.
        labels: In the order of the logits.
        blast_labels: Which of them count as blasts.
        non_cell_labels: Which of them are no white cell.
        synonyms: Labels of labelled cells that mean one of ``labels``.
        size_px: Side of the square input, pixels.
        um_per_px: Scale of the input.
        colour: Preparation of colours, as ``bundle.json`` holds it.
        multiply: Per channel: real = pixel * multiply + add.
        add: See ``multiply``.
        order: Of the channels it takes, ``RGB`` or ``BGR``.
        views: Mirror images of each cell whose answers are averaged.
        trained_on: Sources with their terms, as ``bundle.json`` holds them.
        told: The whole file as read.
        log: The training log, or None.
    """

    name: str
    version: str
    labels: tuple[str, ...]
    blast_labels: tuple[str, ...]
    non_cell_labels: tuple[str, ...]
    synonyms: dict[str, str]
    size_px: int
    um_per_px: float
    colour: dict[str, Any]
    multiply: Triple
    add: Triple
    trained_on: list[dict[str, Any]]
    told: dict[str, Any]
    log: Path | None
    order: str = "RGB"
    views: int = 1


def read_description(path: Path) -> NetworkDescription:
    """Read ``float.json``.

    Raises:
        ConversionRefused: It is not there, damaged, or lacks a field; names the field.
    """
    try:
        text = path.read_bytes()
    except OSError as error:
        raise ConversionRefused(
            f"The network's description {path} cannot be read: {error.strerror}.",
            "Write it as docs/convert.md shows: labels, input and trained_on.",
        ) from error
    fields = parse_object(text, path.name, ConversionRefused)
    labels = fields.texts("labels")
    blasts, others = (
        _chosen(fields, "blast_labels", labels),
        _chosen(fields, "non_cell_labels", labels),
    )
    if not blasts or set(blasts) & set(others) or len(blasts) + len(others) >= len(labels):
        raise fields.wrong("blast_labels", "some of the labels, none of them in non_cell_labels")
    _refuse_mistyped(fields)
    spec = fields.section("input").only(*_INPUT)
    multiply, add, order = _pixels(spec)
    for source in fields.sections("trained_on"):
        source.text("name")
        source.text("terms")
    return NetworkDescription(
        name=fields.text("name"),
        version=fields.text("version"),
        labels=labels,
        blast_labels=blasts,
        non_cell_labels=others,
        synonyms=_synonyms(fields, labels),
        size_px=spec.whole("size_px", 16, 1024),
        um_per_px=spec.number("um_per_px", 0.02, 1.0),
        colour=_colour(spec.section("colour")),
        multiply=multiply,
        add=add,
        trained_on=fields.values["trained_on"],
        told=fields.values,
        log=_log(fields, path.parent),
        order=order,
        views=read_views(spec),
    )


def _refuse_mistyped(fields: Fields) -> None:
    """What would be passed over though it was meant: a key nearly right, or one of ``input``.

    Others are the trainer's own words, which the model card may quote.
    """
    for key in fields.values:
        if key in _INPUT:
            raise fields.fault(f"{fields.path}: {key} belongs into input.")
        meant = difflib.get_close_matches(key, _KNOWN, 1, 0.8)
        if key not in _KNOWN and meant:
            raise fields.fault(f"{fields.path}: {key} is not known; {meant[0]} is.")


def _chosen(fields: Fields, key: str, labels: tuple[str, ...]) -> tuple[str, ...]:
    chosen = fields.texts(key)
    if not set(chosen) <= set(labels):
        raise fields.wrong(key, "a list of some of the labels")
    return chosen


def _pixels(spec: Fields) -> tuple[Triple, Triple, str]:
    """Scaling of pixels and order of channels; [-1, 1] and RGB where nothing is said.

    Scaling is told for red, green and blue, whatever the order.
    """
    if "pixels" not in spec.values:
        return (1 / 127.5,) * 3, (-1.0,) * 3, "RGB"
    pixels = spec.section("pixels").only("order", "multiply", "add")
    order = pixels.text("order")
    if order not in {"RGB", "BGR"}:
        raise pixels.wrong("order", '"RGB" or "BGR"')
    return pixels.triple("multiply"), pixels.triple("add"), order


def _colour(fields: Fields) -> dict[str, Any]:
    fields.only("method", "parameters")
    if fields.text("method") != "white_reference":
        raise fields.wrong("method", '"white_reference"')
    parameters = fields.section("parameters")
    return {
        "method": "white_reference",
        "parameters": {key: parameters.number(key) for key in sorted(parameters.values)},
    }


def _synonyms(fields: Fields, labels: tuple[str, ...]) -> dict[str, str]:
    if "synonyms" not in fields.values:
        return {}
    synonyms = fields.section("synonyms")
    found = {key: synonyms.text(key) for key in synonyms.values}
    for key, label in found.items():
        if label not in labels:
            raise synonyms.wrong(key, "one of the labels")
    return found


def _log(fields: Fields, folder: Path) -> Path | None:
    """The training log, if one is named and there."""
    if not fields.values.get("log"):
        return None
    path = folder / fields.text("log")
    if not path.is_file():
        raise ConversionRefused(f"The training log {path} is not there.")
    return path
