"""Camera, disk, clock, bundle and service tried, each with what can be wrong with it."""

import shutil
import subprocess
from datetime import UTC, datetime
from functools import partial

import pytest

from edge.camera.source import open_camera
from edge.errors import CameraLost, CameraMissing
from edge.inference.shelf import find_bundle
from edge.records.clock import Reading
from edge.records.database import FILE_NAME
from edge.selftest import parts
from edge.selftest.board import Board
from edge.selftest.finding import Result
from edge.selftest.service import is_running, run_command, service, service_state
from tests.edge.selftest.test_board import a_pi


def test_a_camera_that_gives_frames_is_told_with_size_and_rate(tmp_path):
    source = "phantom:healthy?viewport=160x120&frames=6"
    found = parts.camera(partial(open_camera, source), source, Board(tmp_path))
    assert found.result is Result.OK
    assert "160 x 120" in found.told
    assert "frames a second" in found.told


def failing(fault):
    def opener():
        raise fault

    return opener


def test_a_missing_camera_fails_on_a_pi_and_is_not_here_elsewhere(tmp_path):
    missing = failing(CameraMissing("No camera was found."))
    on_pi = parts.camera(missing, "picamera", a_pi(tmp_path / "pi"))
    assert (on_pi.result, on_pi.fault) == (Result.FAILED, "E-CAM-01")
    assert parts.camera(missing, "picamera", Board(tmp_path)).result is Result.NOT_HERE
    # A camera that somebody named is expected to be there, on any machine.
    assert parts.camera(missing, "v4l2:/dev/video7", Board(tmp_path)).result is Result.FAILED


def test_a_lost_camera_fails_everywhere(tmp_path):
    found = parts.camera(failing(CameraLost("no frame")), "picamera", Board(tmp_path))
    assert (found.result, found.fault) == (Result.FAILED, "E-CAM-03")


def test_the_disk_is_written_and_leaves_nothing_behind(tmp_path):
    found = parts.disk(tmp_path / "home")
    assert found.result is not Result.FAILED
    assert "0 examinations" in found.told
    assert not list((tmp_path / "home").glob(".check*"))


def test_a_folder_that_cannot_be_and_damaged_records_fail_with_their_number(tmp_path):
    (tmp_path / "file").write_text("")
    assert parts.disk(tmp_path / "file" / "home").fault == "E-REC-01"
    (tmp_path / FILE_NAME).write_bytes(b"no database at all" * 400)
    assert parts.disk(tmp_path).fault == "E-REC-03"


class At:
    def __init__(self, now, vouched_by=""):
        self.reading = Reading(now, "boot", 5.0, vouched_by)

    def read(self):
        return self.reading


@pytest.mark.parametrize(
    ("now", "vouched_by", "result"),
    [
        (datetime(2027, 1, 1, tzinfo=UTC), "network", Result.OK),
        (datetime(2027, 1, 1, tzinfo=UTC), "", Result.NOTE),
        (datetime(1970, 1, 1, tzinfo=UTC), "", Result.FAILED),
    ],
)
def test_the_clock_says_who_vouches_for_it(now, vouched_by, result):
    assert parts.clock(At(now, vouched_by)).result is result


def test_the_shipped_bundle_passes_and_an_altered_one_fails_twice(tmp_path):
    whole, golden = parts.bundle_and_golden_test(None, 1)
    assert (whole.result, golden.result) == (Result.OK, Result.OK)
    copied = shutil.copytree(find_bundle(), tmp_path / "bundle")
    (copied / "MODEL_CARD.md").write_text("better than it is")
    whole, golden = parts.bundle_and_golden_test(copied, 1)
    assert (whole.result, whole.fault) == (Result.FAILED, "E-BUN-03")
    assert golden.result is Result.FAILED


def said(**properties):
    return service(
        service_state(lambda words: "".join(f"{k}={v}\n" for k, v in properties.items()))
    )


def test_the_service_is_told_as_systemd_sees_it():
    running = {"LoadState": "loaded", "ActiveState": "active", "SubState": "running"}
    assert said(**running, NRestarts="0", StatusText="ready").result is Result.OK
    restarted = said(**running, NRestarts="3", StatusText="ready")
    assert restarted.result is Result.NOTE
    assert "3 times" in restarted.told
    assert said(LoadState="not-found", ActiveState="inactive").result is Result.NOT_HERE
    assert said(LoadState="loaded", ActiveState="failed", SubState="x").result is Result.FAILED
    assert is_running(running)


def test_without_systemd_the_service_is_not_here():
    def refused(words):
        raise subprocess.CalledProcessError(1, list(words))

    assert service(service_state(refused)).result is Result.NOT_HERE
    with pytest.raises(OSError, match="no-such"):
        run_command(["no-such-program"])
