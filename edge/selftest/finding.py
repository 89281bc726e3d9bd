"""What the self-test found out about one part: plain data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from edge.errors import LeukoscopeError


class Result(StrEnum):
    """How a part stands."""

    OK = "ok"
    NOTE = "note"
    """It works; a person should know something about it."""
    NOT_HERE = "not here"
    """This machine has no such part, and need not have one."""
    FAILED = "failed"


@dataclass(frozen=True)
class Finding:
    """One part of the device, tried.

    Attributes:
        part: Its name: camera, lamps, button, disk, objectives, clock, power, temperature,
            bundle, golden test, control, service.
        result: How it stands.
        told: What was found, one sentence.
        action: What to do about it; empty when there is nothing to do.
        fault: Number of the fault such as ``E-CAM-03``; empty where it has none.
    """

    part: str
    result: Result
    told: str
    action: str = ""
    fault: str = ""

    @classmethod
    def failed(cls, part: str, fault: LeukoscopeError) -> Finding:
        """A part that failed with a numbered fault."""
        return cls(part, Result.FAILED, fault.cause, fault.action, fault.number)

    def as_json(self) -> dict[str, Any]:
        """Plain values, ready for ``json.dumps``."""
        return {
            "part": self.part,
            "result": self.result.value,
            "told": self.told,
            "action": self.action,
            "fault": self.fault,
        }


def lines(findings: Sequence[Finding]) -> list[str]:
    """A line for each part, its action below it."""
    told = []
    for each in findings:
        number = f" ({each.fault})" if each.fault else ""
        told.append(f"{each.part:<12} {each.result.value:<9} {each.told}{number}")
        if each.action:
            told.append(f"{'':<22} -> {each.action}")
    return told


def summary(findings: Sequence[Finding]) -> str:
    """One sentence at the end."""
    failed = [each.part for each in findings if each.result is Result.FAILED]
    absent = [each.part for each in findings if each.result is Result.NOT_HERE]
    if failed:
        return f"Failed: {', '.join(failed)}. Do not screen before this is mended."
    if absent:
        return f"What is here works; not here: {', '.join(absent)}."
    return "All parts work."
