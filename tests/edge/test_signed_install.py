"""Signed bundles as a clinic meets them: a key on the device, and `leukoscope model install`."""

from __future__ import annotations

import os
import subprocess
import zipfile
from pathlib import Path

import pytest

pytest.importorskip("cryptography", reason="the extra `device` is not installed")

from convert.signing import read_key, sign
from edge.cli import main
from edge.errors import BundleUnsigned
from edge.inference import signature
from edge.inference.bundle import DESCRIPTION_FILE
from edge.inference.signature import KEY_VARIABLE, SIGNATURE_FILE
from edge.models import BUILT_IN, open_in_use, read_in_use
from edge.records.audit import audit
from edge.records.store import Store
from tests.edge.inference.test_signature import keys
from tests.edge.test_models import a_bundle, rehash


class Clinic:
    """A device that has the maker's public key, and a maker who signs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = folder / "home"
        self.private, self.public = keys(folder, "maker")

    def signed(self, name: str, version: str, key: Path | None = None) -> Path:
        """A bundle signed with the maker's key, or another."""
        bundle = a_bundle(self.folder / name, version)
        description = (bundle / DESCRIPTION_FILE).read_bytes()
        (bundle / SIGNATURE_FILE).write_bytes(sign(description, read_key(key or self.private)))
        return bundle

    def run(self, *words: object) -> int:
        """A command of ``leukoscope model``, as typed."""
        return main(["model", *map(str, words), "--home", str(self.home)])

    def in_use(self) -> str:
        """Version of the bundle that the next start takes."""
        return open_in_use(self.home).bundle.version

    def history(self) -> list[tuple[str, str]]:
        """What the audit tells of bundles, the oldest first: change, and why or its signature."""
        with Store.open_to_read(self.home) as store:
            told = [entry.details for entry in reversed(audit(store)) if entry.kind == "BUNDLE"]
        return [(each["change"], each.get("why") or each["signature"]) for each in told]


@pytest.fixture
def clinic(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Clinic:
    here = Clinic(tmp_path)
    monkeypatch.setenv(KEY_VARIABLE, str(here.public))
    return here


def test_a_signed_bundle_is_installed_from_a_folder_a_zip_and_a_stick(clinic: Clinic) -> None:
    assert clinic.run("install", clinic.signed("three", "30")) == 0
    assert clinic.in_use() == "30"

    four = clinic.signed("four", "40")
    with zipfile.ZipFile(clinic.folder / "four.zip", "w") as archive:
        for path in four.iterdir():
            archive.write(path, path.name)
    assert clinic.run("install", clinic.folder / "four.zip") == 0
    assert clinic.in_use() == "40"

    # A stick as sticks are: the bundle beside other files, and an older one in its bin.
    stick = clinic.signed("stick", "5")
    clinic.signed("stick/.Trash-1000/files/old", "2")
    (stick / "holiday.mp4").write_bytes(b"not ours")
    assert clinic.run("install", stick) == 0
    assert clinic.in_use() == "5"
    kept = clinic.home / "models" / read_in_use(clinic.home).current
    assert not (kept / "holiday.mp4").exists()

    assert clinic.run("back") == 0
    assert clinic.in_use() == "40"
    assert clinic.history() == [("installed", "checked")] * 3 + [("went back", "asked for")]


def another_key(clinic: Clinic) -> Path:
    return clinic.signed("bad", "40", keys(clinic.folder, "other")[0])


def no_signature(clinic: Clinic) -> Path:
    bundle = clinic.signed("bad", "40")
    (bundle / SIGNATURE_FILE).unlink()
    return bundle


def changed_and_hashed_again(clinic: Clinic) -> Path:
    bundle = clinic.signed("bad", "40")
    (bundle / "MODEL_CARD.md").write_text("better than it is")
    rehash(bundle)
    return bundle


def signature_of_another_bundle(clinic: Clinic) -> Path:
    bundle = clinic.signed("bad", "40")
    (bundle / SIGNATURE_FILE).write_bytes((clinic.folder / "good" / SIGNATURE_FILE).read_bytes())
    return bundle


@pytest.mark.parametrize(
    "made",
    [another_key, no_signature, changed_and_hashed_again, signature_of_another_bundle],
)
def test_any_other_is_refused_said_and_on_record_and_the_good_one_stays(
    made, clinic: Clinic, capsys: pytest.CaptureFixture[str]
) -> None:
    clinic.run("install", clinic.signed("good", "30"))
    assert clinic.in_use() == "30"
    bad = made(clinic)
    assert clinic.run("install", bad) == 2
    said = capsys.readouterr().err
    assert "E-BUN-05" in said
    assert str(bad) in said, "and not the name of a scratch copy"
    assert clinic.in_use() == "30"
    change, why = clinic.history()[-1]
    assert change == "refused"
    assert why.startswith("E-BUN-05")
    assert len(list((clinic.home / "models").glob("*/"))) == 1, "nothing of it is kept"


def test_a_file_changed_without_hashing_again_is_refused_for_what_it_is(
    clinic: Clinic, capsys: pytest.CaptureFixture[str]
) -> None:
    bundle = clinic.signed("bad", "40")
    (bundle / "model.tflite").write_bytes(b"another network")
    assert clinic.run("install", bundle) == 2
    assert "E-BUN-03" in capsys.readouterr().err
    assert read_in_use(clinic.home).current == BUILT_IN


def test_a_key_that_cannot_be_read_costs_no_bundle_and_all_is_well_once_it_is_mended(
    clinic: Clinic,
) -> None:
    clinic.run("install", clinic.signed("three", "30"))
    clinic.in_use()
    clinic.run("install", clinic.signed("four", "40"))
    clinic.in_use()
    key = clinic.public.read_bytes()
    clinic.public.write_bytes(b"half a ke")
    for _ in range(4):
        with pytest.raises(BundleUnsigned, match="cannot be read"):
            open_in_use(clinic.home)
    assert clinic.run("install", clinic.folder / "three") == 2
    clinic.public.write_bytes(key)
    assert clinic.in_use() == "40"


def test_a_signed_bundle_that_breaks_leads_back_to_the_signed_one_before(clinic: Clinic) -> None:
    clinic.run("install", clinic.signed("three", "30"))
    clinic.in_use()
    clinic.run("install", clinic.signed("four", "40"))
    folder = clinic.home / "models" / read_in_use(clinic.home).current
    (folder / SIGNATURE_FILE).unlink()
    assert clinic.in_use() == "30"
    change, why = clinic.history()[-1]
    assert change == "went back"
    assert "not signed" in why


def test_nobody_goes_back_to_a_bundle_that_would_be_refused(
    clinic: Clinic, capsys: pytest.CaptureFixture[str]
) -> None:
    """The built-in bundle is not signed with a clinic's own key."""
    clinic.run("install", clinic.signed("three", "30"))
    clinic.in_use()
    assert clinic.run("back") == 2
    assert "The bundle in use stays" in capsys.readouterr().err
    assert clinic.in_use() == "30"


def test_a_bundle_from_before_the_key_was_set_is_not_used_any_more(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(KEY_VARIABLE)
    clinic.run("install", a_bundle(clinic.folder / "unsigned", "30"))
    assert clinic.in_use() == "30"
    assert clinic.history() == [("installed", "not asked for")]
    monkeypatch.setenv(KEY_VARIABLE, str(clinic.public))
    with pytest.raises(BundleUnsigned):
        open_in_use(clinic.home)
    assert clinic.run("install", clinic.signed("signed", "40")) == 0
    assert clinic.in_use() == "40"


def test_a_key_in_its_place_counts_even_where_it_leads_nowhere_or_may_not_be_looked_at(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(KEY_VARIABLE)
    place = clinic.folder / "etc" / "bundle-key.pub"
    monkeypatch.setattr(signature, "KEY_PLACE", place)
    assert signature.public_key_file() is None
    place.parent.mkdir()
    assert signature.public_key_file() is None
    place.symlink_to(clinic.folder / "gone")
    assert signature.public_key_file() == place

    def locked(path: Path) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(os, "lstat", locked)
    assert signature.public_key_file() == place


def test_openssl_alone_signs_a_bundle_that_is_there_already(clinic: Clinic) -> None:
    """As docs/convert.md tells it: the bundle that ships, for a clinic's own key."""
    bundle = a_bundle(clinic.folder / "bundle", "30")
    command = (
        f"openssl pkeyutl -sign -rawin -inkey {clinic.private} -in bundle.json "
        "| base64 -w0 > bundle.json.sig"
    )
    try:
        subprocess.run(["openssl", "version"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("openssl is not here")
    subprocess.run(["bash", "-o", "pipefail", "-c", command], check=True, cwd=bundle)
    assert clinic.run("install", bundle) == 0
    assert clinic.in_use() == "30"
