"""Peak memory of ``leukoscope serve`` through a whole examination with a viewer, in MB.

Fields of 1280x960 are rendered to files first and replayed, so that the renderer's own memory is
not measured: ``python -m bench.page_memory``.
"""

from __future__ import annotations

import http.client
import json
import re
import subprocess
import sys
import tempfile
import time
import urllib.parse
from pathlib import Path

from PIL import Image

from edge.camera.source import open_camera

_SOURCE = "phantom:healthy?seed=5&viewport=1280x960&frames=20"
_LONGEST_S = 300.0


def measure(source: str | None = None, um_per_px: float = 0.2) -> dict[str, float]:
    """Start it, examine a slide while somebody watches, and read its peak from the kernel.

    Args:
        source: The camera; None: rendered fields, replayed.
        um_per_px: Its scale.
    """
    with tempfile.TemporaryDirectory() as folder:
        camera = source or _replayed(Path(folder) / "fields")
        command = [sys.executable, "-m", "edge.cli", "serve", "--camera", camera]
        command += ["--um-per-px", str(um_per_px), "--home", f"{folder}/home", "--port", "0"]
        service = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            assert service.stdout is not None
            found = re.search(r"localhost:(\d+)", service.stdout.readline())
            assert found
            return _examine(int(found[1]), service.pid)
        finally:
            service.terminate()
            service.wait(30)


def _replayed(fields: Path) -> str:
    """Rendered fields in a folder, and the source that replays them."""
    fields.mkdir()
    with open_camera(_SOURCE) as camera:
        for frame in camera.frames():
            Image.fromarray(frame.rgb).save(fields / f"{frame.number:03d}.png")
    return f"replay:{fields}"


def _examine(port: int, pid: int) -> dict[str, float]:
    connection = http.client.HTTPConnection("localhost", port, timeout=60)
    connection.request("GET", "/")
    answer = connection.getresponse()
    cookie = str(answer.getheader("set-cookie")).partition(";")[0]
    token = re.search(r'name="csrf" value="([^"]+)"', answer.read().decode())
    assert token
    at_rest = _peak_mb(pid)
    headers = {"cookie": cookie, "content-type": "application/x-www-form-urlencoded"}
    body = urllib.parse.urlencode({"csrf": token[1], "slide": "bench"})
    connection.request("POST", "/examination/start", body, headers)
    connection.getresponse().read()
    number, until_s = "0", time.monotonic() + _LONGEST_S
    page = ""
    while 'data-phase="ENDED"' not in page and time.monotonic() < until_s:
        connection.request("GET", f"/live.jpg?after={number}", headers={"cookie": cookie})
        answer = connection.getresponse()
        number = str(answer.getheader("x-number") or number)
        answer.read()
        connection.request("GET", "/live/status", headers={"cookie": cookie})
        page = connection.getresponse().read().decode()
    connection.request("GET", "/slides/1", headers={"cookie": cookie})
    connection.getresponse().read()
    return {"at_rest_mb": at_rest, "peak_mb": _peak_mb(pid)}


def _peak_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert found
    return round(int(found[1]) / 1000, 1)


if __name__ == "__main__":
    print(json.dumps(measure()))
