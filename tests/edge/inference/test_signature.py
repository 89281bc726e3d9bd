"""A device with its maker's public key takes that maker's bundles and no other."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

pytest.importorskip("cryptography", reason="the extra `device` is not installed")
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from convert.signing import read_key, sign
from edge.errors import BundleUnsigned, UsageFault
from edge.inference.bundle import DESCRIPTION_FILE, load_bundle
from edge.inference.signature import KEY_VARIABLE, SIGNATURE_FILE
from tests.edge.inference.bundle_maker import write_bundle


def keys(folder: Path, name: str) -> tuple[Path, Path]:
    """Files of a private and its public key, as openssl writes them."""
    private = Ed25519PrivateKey.generate()
    paths = folder / f"{name}.pem", folder / f"{name}.pub"
    paths[0].write_bytes(
        private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    paths[1].write_bytes(
        private.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )
    return paths


@pytest.fixture
def signed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A signed bundle on a device that has the maker's public key."""
    folder = write_bundle(tmp_path / "bundle")
    private, public = keys(tmp_path, "maker")
    description = (folder / DESCRIPTION_FILE).read_bytes()
    (folder / SIGNATURE_FILE).write_bytes(sign(description, read_key(private)))
    monkeypatch.setenv(KEY_VARIABLE, str(public))
    return folder


def test_a_signed_bundle_is_taken(signed: Path) -> None:
    load_bundle(signed)


def test_a_signature_is_always_the_same(signed: Path, tmp_path: Path) -> None:
    again = sign((signed / DESCRIPTION_FILE).read_bytes(), read_key(tmp_path / "maker.pem"))
    assert again == (signed / SIGNATURE_FILE).read_bytes()


def test_an_unsigned_bundle_is_not(signed: Path) -> None:
    (signed / SIGNATURE_FILE).unlink()
    with pytest.raises(BundleUnsigned, match="not signed"):
        load_bundle(signed)


def test_nor_one_that_was_changed_and_hashed_again(signed: Path) -> None:
    description = signed / DESCRIPTION_FILE
    description.write_text(description.read_text().replace('"toy"', '"toy but other"'))
    with pytest.raises(BundleUnsigned, match="not signed with the key"):
        load_bundle(signed)


def test_nor_another_makers(signed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_VARIABLE, str(keys(tmp_path, "other")[1]))
    with pytest.raises(BundleUnsigned):
        load_bundle(signed)


@pytest.mark.parametrize("content", [b"", b"AAAA", b"\xff\xfe", b"not base64!"])
def test_nor_one_whose_signature_is_damaged(content: bytes, signed: Path) -> None:
    (signed / SIGNATURE_FILE).write_bytes(content)
    with pytest.raises(BundleUnsigned):
        load_bundle(signed)


@pytest.mark.parametrize("content", [None, b"", b"-----BEGIN PUBLIC KEY-----\nAA\n"])
def test_a_key_that_cannot_be_read_lets_nothing_in(
    content: bytes | None, signed: Path, tmp_path: Path
) -> None:
    public = tmp_path / "maker.pub"
    public.unlink() if content is None else public.write_bytes(content)
    with pytest.raises(BundleUnsigned):
        load_bundle(signed)


def test_without_a_key_any_whole_bundle_is_taken(
    signed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(KEY_VARIABLE)
    (signed / SIGNATURE_FILE).unlink()
    load_bundle(signed)


def test_a_private_key_that_is_none_is_a_usage_fault(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("no key")
    for path in (tmp_path / "key", tmp_path / "nowhere", keys(tmp_path, "a")[1]):
        with pytest.raises(UsageFault, match="openssl genpkey"):
            read_key(path)


def test_keys_of_openssl_are_taken(tmp_path: Path) -> None:
    command = ["openssl", "genpkey", "-algorithm", "ed25519", "-out", str(tmp_path / "key")]
    try:
        subprocess.run(command, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("openssl is not here")
    assert len(sign(b"{}", read_key(tmp_path / "key"))) == 89
