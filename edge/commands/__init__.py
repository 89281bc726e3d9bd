"""Verbs of ``leukoscope``, one file each: ``add_parser(verbs)`` and ``run(arguments)``."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    # At run time the class takes no parameters.
    Verbs = argparse._SubParsersAction[Any]
