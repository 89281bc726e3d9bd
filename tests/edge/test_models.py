"""A bundle is changed on a device: verified, tried, switched, and taken back when it fails."""

from __future__ import annotations

import hashlib
import json
import shutil
import zipfile

import numpy as np
import pytest

from edge import models
from edge.cli import main
from edge.errors import BundleAltered, BundleMissing, BundleRefused, GoldenTestFailed
from edge.inference.bundle import DESCRIPTION_FILE, GOLDEN_FILE
from edge.inference.shelf import find_bundle
from edge.models import BUILT_IN, go_back, install, list_bundles, open_in_use, read_in_use
from edge.records.audit import audit
from edge.records.store import Store


def rehash(folder):
    path = folder / DESCRIPTION_FILE
    description = json.loads(path.read_text())
    for name in description["files"]:
        description["files"][name] = hashlib.sha256((folder / name).read_bytes()).hexdigest()
    path.write_text(json.dumps(description))


def a_bundle(folder, version="30", spoil=None):
    """The shipped bundle under another version; ``spoil`` changes files before they are hashed."""
    shutil.copytree(find_bundle(), folder)
    path = folder / DESCRIPTION_FILE
    description = json.loads(path.read_text())
    description["version"] = version
    path.write_text(json.dumps(description))
    if spoil is not None:
        spoil(folder)
        rehash(folder)
    return folder


def wrong_answers(folder):
    with np.load(folder / GOLDEN_FILE) as arrays:
        crops, outputs = arrays["crops"], arrays["outputs"]
    np.savez(folder / GOLDEN_FILE, crops=crops, outputs=np.where(outputs > 0, outputs - 40, 40))


def history(home):
    with Store.open_to_read(home) as store:
        return [e.details["change"] for e in reversed(audit(store)) if e.kind == "BUNDLE"]


def test_a_stick_with_one_bundle_is_installed_and_proven_at_the_next_start(tmp_path):
    home = tmp_path / "home"
    a_bundle(tmp_path / "stick" / "bundles" / "new")
    assert install(home, tmp_path / "stick").version == "30"
    state = read_in_use(home)
    assert (state.good, state.last_good) == (False, BUILT_IN)
    shutil.rmtree(tmp_path / "stick")  # pulled out
    assert open_in_use(home).bundle.version == "30"
    assert read_in_use(home).good
    assert history(home) == ["installed"]


def test_a_zip_file_is_installed_and_one_that_is_none_is_said(tmp_path):
    bundle = a_bundle(tmp_path / "new")
    with zipfile.ZipFile(tmp_path / "new.zip", "w") as archive:
        for path in bundle.iterdir():
            archive.write(path, f"new/{path.name}")
    assert install(tmp_path / "home", tmp_path / "new.zip").version == "30"
    (tmp_path / "no.zip").write_bytes(b"PK no zip")
    for wrong in ("no.zip", "nothing"):
        with pytest.raises(BundleMissing):
            install(tmp_path / "home", tmp_path / wrong)


def test_an_altered_file_a_failed_golden_test_and_two_bundles_change_nothing(tmp_path):
    home = tmp_path / "home"
    altered = a_bundle(tmp_path / "altered")
    (altered / "MODEL_CARD.md").write_text("better than it is")
    with pytest.raises(BundleAltered):
        install(home, altered)
    with pytest.raises(GoldenTestFailed, match="E-BUN-04"):
        install(home, a_bundle(tmp_path / "wrong", spoil=wrong_answers))
    with pytest.raises(BundleMissing, match="several"):
        install(home, tmp_path)
    assert read_in_use(home).current == BUILT_IN
    assert [path.name for path in (home / "models").iterdir()] == []
    assert open_in_use(home).bundle.version != "30"


def test_a_bundle_the_library_crashes_on_is_refused_and_the_device_lives(tmp_path, monkeypatch):
    crash = "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)"
    runs = models.subprocess.run
    monkeypatch.setattr(
        models.subprocess, "run", lambda words, **how: runs([words[0], "-c", crash], **how)
    )
    with pytest.raises(GoldenTestFailed, match="crashed"):
        install(tmp_path / "home", a_bundle(tmp_path / "new"))


def test_a_bundle_that_fails_at_start_is_left_for_the_last_good_one(tmp_path):
    home = tmp_path / "home"
    install(home, a_bundle(tmp_path / "good", "30"))
    open_in_use(home)
    install(home, a_bundle(tmp_path / "bad", "40"))
    (home / "models" / read_in_use(home).current / "model.tflite").write_bytes(b"a dying card")
    assert open_in_use(home).bundle.version == "30"
    assert open_in_use(home).bundle.version == "30", "and stays with it"
    assert history(home) == ["installed", "installed", "went back"]


def test_starts_that_end_before_the_test_does_are_counted_and_lead_back(tmp_path, monkeypatch):
    home = tmp_path / "home"
    install(home, a_bundle(tmp_path / "new"))

    def dies(*_):
        raise KeyboardInterrupt  # stands for a process that is gone

    with monkeypatch.context() as patched:
        patched.setattr(models, "open_classifier", dies)
        for _ in range(2):
            with pytest.raises(KeyboardInterrupt):
                open_in_use(home)
    assert open_in_use(home).bundle.version != "30"
    assert read_in_use(home).current == BUILT_IN


def test_last_of_all_the_built_in_bundle_is_there(tmp_path):
    home = tmp_path / "home"
    for version in ("30", "40"):
        install(home, a_bundle(tmp_path / version, version))
        open_in_use(home)
    for folder in (home / "models").glob("*/model.tflite"):
        folder.unlink()
    assert open_in_use(home).bundle.version not in ("30", "40")
    assert read_in_use(home).current == BUILT_IN


@pytest.mark.parametrize(
    "damage",
    ["", "{", '{"current": "../../etc"}', '{"current": 3}', '{"colour": "red"}', "[]"],
)
def test_a_damaged_note_of_what_is_in_use_means_the_built_in_bundle(tmp_path, damage):
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "in-use.json").write_text(damage)
    assert read_in_use(tmp_path).current == BUILT_IN


def test_going_back_by_hand_and_only_where_there_is_a_way(tmp_path):
    with pytest.raises(BundleMissing):
        go_back(tmp_path)
    install(tmp_path, a_bundle(tmp_path / "new"))
    assert go_back(tmp_path) == BUILT_IN
    assert history(tmp_path) == ["installed", "went back"]


def test_the_list_says_which_is_in_use_and_which_is_broken(tmp_path):
    install(tmp_path, a_bundle(tmp_path / "new"))
    built_in, new = list_bundles(tmp_path)
    assert (built_in.use, new.use) == ("last good", "in use")
    (tmp_path / "models" / new.folder / "golden.npz").unlink()
    assert "E-BUN-02" in list_bundles(tmp_path)[1].fault


def test_a_zip_bomb_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(models, "LARGEST_FILE_BYTES", 10)
    with zipfile.ZipFile(tmp_path / "big.zip", "w") as archive:
        archive.writestr("bundle.json", "x" * 11)
    with pytest.raises(BundleRefused, match="larger"):
        install(tmp_path / "home", tmp_path / "big.zip")


def test_as_its_user_types_it(tmp_path, capsys):
    home, bundle = ["--home", str(tmp_path / "home")], a_bundle(tmp_path / "new")
    assert main(["model", "prove", str(bundle)]) == 0
    assert main(["model", "install", str(bundle), *home]) == 0
    assert "proven here" in capsys.readouterr().out
    assert main(["model", "list", "--json", *home]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["use"] for row in rows] == ["last good", "in use"]
    assert main(["model", "back", *home]) == 0
    assert main(["model", "list", *home]) == 0
    assert main(["model", "back", *home]) == 2
    assert "E-BUN-01" in capsys.readouterr().err
