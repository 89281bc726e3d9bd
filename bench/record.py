"""What a bench measured: shown, and kept as JSON beside the script that measured it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def show_and_keep(told: Mapping[str, Any], path: Path) -> None:
    """Print the figures and write them to ``path``."""
    text = json.dumps(told, indent=1)
    print(text)
    path.write_text(text + "\n", encoding="utf-8")
