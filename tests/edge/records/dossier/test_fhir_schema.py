"""A hospital's system reads the bundle: every resource is held against HL7's schema of FHIR R4.

The schema (4.0.1, CC0) is not in this repository: `make test` lays it into ``out/fhir-r4``.
"""

from __future__ import annotations

import copy
import hashlib
import json
from typing import Any

import pytest

from edge.exporting import collect
from edge.records.dossier.fhir import fhir_bundle
from edge.records.reviews import add_note, review_cell, review_state, sign
from edge.records.store import Store
from edge.reviewing import reviewed_result
from tests.edge.records.examples import (
    BLAST,
    CELL,
    UNSURE,
    MovableClock,
    begin,
    crop_of,
    finished_examination,
    moment,
)
from tests.shared_data import REPOSITORY

SCHEMA = REPOSITORY / "out" / "fhir-r4" / "fhir.schema.json"
SHA256 = "15b9548af6412c44faaa411456e0652542de286fd1c58ef882b09bdc8947909d"
pytestmark = pytest.mark.skipif(
    not SCHEMA.exists(), reason="needs `make out/fhir-r4/fhir.schema.json`"
)

Resource = dict[str, Any]


@pytest.fixture(scope="module")
def schema() -> Resource:
    content = SCHEMA.read_bytes()
    assert hashlib.sha256(content).hexdigest() == SHA256
    told: Resource = json.loads(content)
    # One of 148 kinds each: entries are held against their own kind instead, which says what is
    # wrong and takes a hundredth of the time.
    told["definitions"]["ResourceList"] = True
    return told


def faults(schema: Resource, resource: Resource) -> list[str]:
    """What the schema has against a resource."""
    from jsonschema import Draft6Validator

    own = schema | {"$ref": f"#/definitions/{resource['resourceType']}"}
    for word in ("oneOf", "discriminator", "id"):
        own.pop(word, None)
    return [
        f"{resource['resourceType']} {error.json_path}: {error.message[:200]}"
        for error in Draft6Validator(own).iter_errors(resource)
    ]


def faults_of_bundle(schema: Resource, bundle: Resource) -> list[str]:
    inside = [entry["resource"] for entry in bundle["entry"]]
    return [fault for resource in (bundle, *inside) for fault in faults(schema, resource)]


def exported(store: Store, number: int) -> Resource:
    told: Resource = json.loads(fhir_bundle(collect(store, number)))
    return told


@pytest.fixture
def store(tmp_path):
    with Store.open(tmp_path, MovableClock(moment(3, 1))) as opened:
        yield opened


def examined(store: Store) -> int:
    cells = [
        cell.__class__(**{**vars(cell), "crop_webp": crop_of(90)}) for cell in (CELL, BLAST, UNSURE)
    ]
    return finished_examination(store, "स्लाइड 7/é", cells)


def test_a_bundle_is_valid_unsigned_signed_and_amended(store, schema) -> None:
    number = examined(store)
    assert faults_of_bundle(schema, exported(store, number)) == []
    for label, blast in (("lymphocyte", False), ("blast", True)):
        review_cell(store, 2, label, blast, "Dr Amina", None if label == "lymphocyte" else 1)
        add_note(store, number, "नोट: उलझन", "Dr Amina")
        result = reviewed_result(store, number).as_json()
        sign(store, number, "Dr Amina", result, review_state(store, number))
        bundle = exported(store, number)
        assert faults_of_bundle(schema, bundle) == []
    kinds = {entry["resource"]["resourceType"] for entry in bundle["entry"]}
    assert kinds == {"DiagnosticReport", "Observation", "Device", "Specimen", "Media"}


def test_an_examination_without_cells_conditions_or_a_clock_is_valid_too(tmp_path, schema) -> None:
    clock = MovableClock(moment(1, 1, year=2020), vouched_by="")
    with Store.open(tmp_path, clock) as store:
        number = begin(store, "S-1", conditions=None)
    with Store.open(tmp_path, clock) as store:
        assert faults_of_bundle(schema, exported(store, number)) == []


@pytest.mark.parametrize(
    ("kind", "element", "value"),
    [
        ("Observation", "status", "finished"),
        ("Observation", "colour", "red"),
        ("Observation", "code", None),
        ("DiagnosticReport", "effectiveDateTime", "yesterday"),
        ("Media", "content", {"contentType": "image/webp", "picture": "x"}),
        ("Device", "deviceName", [{"name": "x", "type": "nickname"}]),
        ("Bundle", "type", "parcel"),
    ],
)
def test_the_schema_finds_what_is_wrong(store, schema, kind, element, value) -> None:
    bundle = copy.deepcopy(exported(store, examined(store)))
    everything = [bundle, *(entry["resource"] for entry in bundle["entry"])]
    spoilt = next(resource for resource in everything if resource["resourceType"] == kind)
    if value is None:
        del spoilt[element]
    else:
        spoilt[element] = value
    assert faults_of_bundle(schema, bundle)
