"""The device's own wireless network (systemd/hotspot.sh), with a stand-in for NetworkManager."""

import subprocess

import pytest

from tests.shared_data import REPOSITORY

PASSWORD = 'sword fish-12 $x"%s'
# Options before the object are those nmcli 1.42 and 1.52 know; on others they end with 2, as here.
NMCLI = """#!/bin/bash
echo "$*" >> calls
while [[ $1 == --* ]]; do
  case $1 in
    --show-secrets) shift ;;
    --escape | --get-values) shift 2 ;;
    *) echo "argument not understood" >&2; exit 2 ;;
  esac
done
case "$1 $2" in
  "connection edit") sed -n 's/^set 802-11-wireless-security.psk //p' > psk ;;
  "connection show") cat psk ;;
  "connection up") [ ! -e no-radio ] ;;
esac
"""


@pytest.fixture
def clinic(tmp_path):
    (tmp_path / "nmcli").write_text(NMCLI)
    (tmp_path / "nmcli").chmod(0o755)
    return tmp_path


def ask(clinic, password):
    script = REPOSITORY / "systemd/hotspot.sh"
    return subprocess.run(
        ["bash", script, "Clinic 1"],
        input=f"{password}\n",
        capture_output=True,
        text=True,
        cwd=clinic,
        env={"PATH": f"{clinic}:/usr/bin:/bin"},
        check=False,
    )


def test_a_network_is_made_and_switched_on(clinic):
    done = ask(clinic, PASSWORD)
    assert done.returncode == 0, done.stderr
    assert "http://10.42.0.1:8080/" in done.stdout
    calls = (clinic / "calls").read_text()
    assert "ssid Clinic 1 802-11-wireless.mode ap" in calls
    assert calls.splitlines()[-1] == "connection up leukoscope-hotspot"
    assert (clinic / "psk").read_text() == f"{PASSWORD}\n"


def test_the_password_is_in_no_list_of_processes(clinic):
    ask(clinic, PASSWORD)
    assert PASSWORD not in (clinic / "calls").read_text()


@pytest.mark.parametrize("password", ["", "seven77", "x" * 64])
def test_a_password_that_no_radio_takes_changes_nothing(clinic, password):
    done = ask(clinic, password)
    assert done.returncode == 2
    assert "8 to 63" in done.stderr
    assert not (clinic / "calls").exists()


def test_a_network_whose_password_was_not_kept_is_not_left_behind(clinic):
    (clinic / "nmcli").write_text(NMCLI.replace("cat psk", "echo other"))
    done = ask(clinic, PASSWORD)
    assert done.returncode == 1
    assert "did not take the password" in done.stderr
    assert (clinic / "calls").read_text().endswith("connection delete leukoscope-hotspot\n")


def test_a_radio_that_does_not_start_names_the_country(clinic):
    (clinic / "no-radio").touch()
    done = ask(clinic, PASSWORD)
    assert done.returncode == 1
    assert "Is the country set?" in done.stderr
