"""The dossier as a FHIR R4 Bundle (hl7.org/fhir/R4): report, observations, device, pictures.

LOINC codes stand only where the term means what was counted: shares of one kind among leukocytes.
The corrected share of suspicious cells has no LOINC term (it takes promyelocytes with blasts, and
corrects for the network's errors), so it is named in words. There is no Patient: a slide's number
is all that the device knows.
"""

from __future__ import annotations

import base64
import json
import uuid
from datetime import datetime
from typing import Any

from edge.records.dossier.content import RESEARCH_USE, Dossier, suspicion_first
from edge.records.rows import Signoff, StoredCell

Resource = dict[str, Any]

LOINC = "http://loinc.org"
UCUM = "http://unitsofmeasure.org"
# Names as LOINC has them in its panel 24318-8 (version 2.78), shares among 100 leukocytes in blood.
# Blasts, eosinophils and basophils were read on loinc.org itself; the other three in others' lists.
SHARE_CODES = {
    "blast": ("26446-5", "Blasts/100 leukocytes in Blood"),
    "neutrophil": ("26511-6", "Neutrophils/100 leukocytes in Blood"),
    "lymphocyte": ("26478-8", "Lymphocytes/100 leukocytes in Blood"),
    "monocyte": ("26485-3", "Monocytes/100 leukocytes in Blood"),
    "eosinophil": ("26450-7", "Eosinophils/100 leukocytes in Blood"),
    "basophil": ("30180-4", "Basophils/100 leukocytes in Blood"),
}
NO_LEUKOCYTES = ("erythroblast", "artefact")
"""Labels that are no white cells: not in the hundred that a share is of."""

MOST_PICTURES = 24
"""Pictures of cells in a bundle, the most suspicious ones: some 4 kB each."""

_ABSENT = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
_STATUS = {
    Signoff.UNSIGNED: "preliminary",
    Signoff.SIGNED: "final",
    Signoff.AMENDED: "amended",
    # Reviewed again after the signature, which therefore does not cover it.
    Signoff.CHANGED: "preliminary",
}


def report_status(dossier: Dossier) -> str:
    """The FHIR status of the report: final only where a person stands behind this very result."""
    return _STATUS[dossier.examination.signoff]


def fhir_bundle(dossier: Dossier) -> bytes:
    """The bundle as JSON in UTF-8."""
    device = _device(dossier)
    observations = [_share(dossier, device), *_kinds(dossier, device), *_counts(dossier, device)]
    media = [
        _media(dossier, cell, device)
        for cell in suspicion_first(dossier)[:MOST_PICTURES]
        if cell.record.crop_webp
    ]
    specimen = {
        "resourceType": "Specimen",
        "id": _id(dossier, "specimen"),
        "accessionIdentifier": {"value": dossier.examination.slide},
        "type": {"text": "Stained blood smear"},
    }
    report = _report(dossier, observations, media)
    resources = [report, *observations, device, specimen, *media]
    bundle: Resource = {
        "resourceType": "Bundle",
        "type": "collection",
        **_timed("timestamp", dossier.made_at, dossier.made_clock.value == "SET"),
        "entry": [{"fullUrl": _url(r), "resource": r} for r in resources],
    }
    return json.dumps(bundle, ensure_ascii=False, indent=1, allow_nan=False).encode() + b"\n"


def _report(dossier: Dossier, observations: list[Resource], media: list[Resource]) -> Resource:
    seen = dossier.examination
    report: Resource = {
        "resourceType": "DiagnosticReport",
        "id": _id(dossier, "report"),
        "identifier": [{"value": f"examination {seen.number} of slide {seen.slide}"}],
        "status": report_status(dossier),
        "code": {"text": "Screening of a blood smear for blasts (research use)"},
        **_timed("effectiveDateTime", seen.started_at, dossier.times_hold),
        "specimen": [_reference(_id(dossier, "specimen"))],
        "result": [_reference(o["id"]) for o in observations],
        "conclusion": conclusion(dossier),
    }
    if media:
        report["media"] = [{"link": _reference(m["id"])} for m in media]
    # Who signed a result that was changed since does not stand behind what is told here.
    if report["status"] != "preliminary":
        report["resultsInterpreter"] = [{"display": seen.signed_by}]
    return report


def conclusion(dossier: Dossier) -> str:
    """Verdict, its reason, and what the report is not."""
    ended = dossier.examination.verdict
    verdict = (
        f"No verdict: the examination is {dossier.examination.state.value.lower()}."
        if ended is None
        else f"{ended.verdict.replace('_', ' ')}: {ended.reason}"
    )
    return f"{verdict} {RESEARCH_USE} {dossier.clock_words}"


def _share(dossier: Dossier, device: Resource) -> Resource:
    """The corrected share of suspicious cells with its interval, a person's calls first."""
    result = dossier.reviewed
    text = "Share of blasts among white cells, corrected for the network's errors"
    observation = _observation(dossier, device, "share", {"text": text})
    if result.blast_share is None:
        return observation | {"dataAbsentReason": {"text": "It cannot be computed."}}
    observation["valueQuantity"] = _percent(100 * result.blast_share)
    if result.interval is not None:
        low, high = (round(100 * end, 2) for end in result.interval)
        observation["note"] = [{"text": f"Interval {low}% to {high}%."}]
    return observation


def _kinds(dossier: Dossier, device: Resource) -> list[Resource]:
    """The share of each kind among white cells, as called."""
    kinds = {k: n for k, n in dossier.reviewed.differential.items() if k not in NO_LEUKOCYTES}
    total = sum(kinds.values())
    made = []
    for kind, count in kinds.items():
        words = f"{kind.replace('_', ' ').capitalize()}s among 100 white cells, as called"
        code: Resource = {"text": words}
        if kind in SHARE_CODES:
            number, display = SHARE_CODES[kind]
            code["coding"] = [{"system": LOINC, "code": number, "display": display}]
        observation = _observation(dossier, device, f"kind-{kind}", code)
        observation["valueQuantity"] = _percent(100 * count / total)
        observation["note"] = [{"text": f"{count} of {total} white cells."}]
        made.append(observation)
    return made


def _counts(dossier: Dossier, device: Resource) -> list[Resource]:
    result = dossier.reviewed
    told = {
        "White cells counted": result.cells,
        "Cells counted as blasts": result.blasts,
        "Cells not judged": result.not_told,
        "Cells called by a person": result.reviewed,
    }
    made = []
    for index, (text, count) in enumerate(told.items()):
        observation = _observation(dossier, device, f"count-{index}", {"text": text})
        quantity = {"value": count, "unit": "cells", "system": UCUM, "code": "{cells}"}
        made.append(observation | {"valueQuantity": quantity})
    return made


def _observation(dossier: Dossier, device: Resource, part: str, code: Resource) -> Resource:
    seen = dossier.examination
    return {
        "resourceType": "Observation",
        "id": _id(dossier, part),
        "status": report_status(dossier),
        "code": code,
        **_timed("effectiveDateTime", seen.started_at, dossier.times_hold),
        "method": {"text": "Cell pictures called by an int8 network and by persons"},
        "specimen": _reference(_id(dossier, "specimen")),
        "device": _reference(device["id"]),
    }


def _device(dossier: Dossier) -> Resource:
    seen, conditions = dossier.examination, dossier.conditions
    versions = [{"type": {"text": "model"}, "value": f"{seen.bundle_name} {seen.bundle_sha256}"}]
    if conditions is not None:
        versions.append({"type": {"text": "software"}, "value": conditions.software})
    return {
        "resourceType": "Device",
        "id": _id(dossier, "device"),
        "deviceName": [{"name": "Leukoscope", "type": "model-name"}],
        "version": versions,
        "note": [{"text": RESEARCH_USE}],
    }


def _media(dossier: Dossier, cell: StoredCell, device: Resource) -> Resource:
    machine, call = cell.record, dossier.calls.get(cell.number)
    note = f"Network: {machine.label.replace('_', ' ')}, p(blast) {machine.p_blast:.3f}."
    if call is not None:
        note += f" {call.reviewer}: {call.label.replace('_', ' ')}."
    return {
        "resourceType": "Media",
        "id": _id(dossier, f"cell-{cell.number}"),
        "status": "completed",
        "type": {"text": "Picture of one cell"},
        "device": _reference(device["id"]),
        "content": {
            "contentType": "image/webp",
            "data": base64.b64encode(machine.crop_webp).decode(),
            "title": f"Cell {cell.number}",
        },
        "note": [{"text": note}],
    }


def _percent(value: float) -> Resource:
    return {"value": round(value, 2), "unit": "%", "system": UCUM, "code": "%"}


def _timed(element: str, moment: datetime, holds: bool) -> Resource:
    """A time where it can be trusted; otherwise no value, and why (extension data-absent-reason).

    A wrong time in a patient's record is worse than none.
    """
    if holds:
        return {element: moment.isoformat(timespec="milliseconds")}
    return {f"_{element}": {"extension": [{"url": _ABSENT, "valueCode": "unknown"}]}}


def _id(dossier: Dossier, part: str) -> str:
    """The same resource has the same id in every export of an examination."""
    seen = dossier.examination
    name = f"leukoscope:{seen.bundle_sha256}:{seen.started_at.isoformat()}:{seen.slide}"
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{name}:{seen.number}:{part}"))


def _url(resource: Resource) -> str:
    return f"urn:uuid:{resource['id']}"


def _reference(identifier: str) -> Resource:
    return {"reference": f"urn:uuid:{identifier}"}
