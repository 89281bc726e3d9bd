"""One TOML file to one typed object; whatever is wrong in it is said in one line."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.errors import SettingsFault
from edge.settings import Settings, load_settings


def _write(folder: Path, text: str) -> Path:
    path = folder / "settings.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_without_a_file_the_defaults_hold(tmp_path: Path) -> None:
    assert load_settings(tmp_path / "settings.toml") == Settings()


def test_an_installer_changes_one_value_and_the_rest_stays(tmp_path: Path) -> None:
    changed = load_settings(_write(tmp_path, "[verdict]\nshare_limit = 0.1\n"))
    assert changed.verdict.share_limit == 0.1
    assert changed.verdict.max_cells == Settings().verdict.max_cells
    assert changed.lamps == Settings().lamps


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[verdict", "no TOML"),
        ("[verdicts]\n", "no section [verdicts]"),
        ("verdict = 3\n", "must be a section"),
        ("[verdict]\nshare = 0.1\n", "no key 'share'"),
        ("[verdict]\nshare_limit = 'much'\n", "is not a number"),
        ("[verdict]\nshare_limit = nan\n", "is not a number"),
        ("[verdict]\nshare_limit = 2.0\n", "between 0 and 1"),
        ("[verdict]\nmax_cells = true\n", "is not a whole number"),
        ("[screening]\nthreads = 0\n", "at least 1"),
        ("[lamps]\nred_bcm = 27\n", "once"),
    ],
)
def test_a_wrong_file_is_refused_with_what_and_where(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(SettingsFault) as caught:
        load_settings(_write(tmp_path, text))
    line = str(caught.value)
    assert said in line
    assert "settings.toml" in line
    assert "\n" not in line
    assert line.startswith("E-SET-01")


def test_a_file_named_by_a_person_must_exist(tmp_path: Path) -> None:
    with pytest.raises(SettingsFault, match="no settings file"):
        load_settings(tmp_path / "mine.toml", must_exist=True)


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SettingsFault, match="cannot be read"):
        load_settings(path)


@given(text=st.text(max_size=200))
def test_no_text_brings_anything_but_settings_or_the_fault(
    text: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("settings") / "settings.toml"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    with contextlib.suppress(SettingsFault):
        assert isinstance(load_settings(path), Settings)
