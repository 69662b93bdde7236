"""`lab serve`: every service as a server of its own, one config that reads them all, and one plan over them."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from rostersync.cli import main
from rostersync.config import load
from rostersync.errors import Usage
from rostersync.lab import slapd
from rostersync.lab.served_config import config_text, moved
from rostersync.lab.services import LMS, SERVICES, share, world_of
from rostersync.lab.serving import Switch, faults_of, serving, switches
from tests.conftest import ROOT

ADDRESSES = {one.name: f"http://127.0.0.1:{8000 + place}" for place, one in enumerate((*SERVICES, LMS))}
WITH_DIRECTORY = ADDRESSES | {"feide": "ldap://127.0.0.1:8389"}
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
FEIDE_DOWN = ("--fault", "feide:down")


class Lab:
    """The servers as a process of its own. `told` is what it says when all of them are there."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.config = folder / "rostersync.toml"
        command = [sys.executable, "-m", "rostersync", "--json", "lab", "serve", str(folder), *options]
        self._process = subprocess.Popen(
            command, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert self._process.stdout
        lines = []
        for line in self._process.stdout:
            lines.append(line)
            if line == "}\n":
                break
        self.told: dict[str, Any] = json.loads("".join(lines) or "{}")

    @property
    def urls(self) -> dict[str, str]:
        return {one.get("source") or one["target"]: one["url"] for one in self.told["servers"]}

    def end(self, number: int = signal.SIGTERM) -> tuple[int, str]:
        """Tell it to end; gives its exit code and what it complained about."""
        if self._process.poll() is None:
            self._process.send_signal(number)
        _, complaint = self._process.communicate(timeout=30)
        return self._process.returncode, complaint


def run(lab: Lab, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "rostersync", "-c", str(lab.config), *arguments]
    return subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, timeout=120, check=False)


def listens(url: str) -> bool:
    try:
        socket.create_connection(("127.0.0.1", urlsplit(url).port or 0), timeout=2).close()
    except OSError:
        return False
    return True


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    if slapd.program() is None:
        pytest.skip("OpenLDAP's server is not on this machine; Debian and Ubuntu: apt-get install slapd")
    lab = Lab(tmp_path_factory.mktemp("lab"))
    yield lab
    lab.end()


def test_it_says_where_each_service_listens(lab: Lab) -> None:
    assert list(lab.urls) == ["everyday", "visma", "flyt", "sits", "feide_groups", "itslearning", "feide"]
    assert [url for url in lab.urls.values() if not listens(url)] == []
    assert lab.told["missing"] == []


def test_check_finds_nothing_wrong(lab: Lab) -> None:
    told = run(lab, "check", "--online", "--json")
    assert (told.returncode, json.loads(told.stdout)["outside"]) == (0, [])


def test_one_plan_over_all_of_them_is_sensible_and_somebody_comes_out_of_four_sources(lab: Lab) -> None:
    told = run(lab, "plan", "oslo", "--as-of", lab.told["date"], "--json")
    plan = json.loads(told.stdout)
    assert told.returncode == 2, told.stderr
    assert {name: (one["accepted"], one["rejected"]) for name, one in plan["sources"].items()} == dict.fromkeys(
        ("everyday", "visma", "flyt", "sits", "feide", "feide_groups"), (True, 0)
    )
    assert (plan["verdict"], plan["held"]) == ("cleared", [])
    assert {kind for counts in plan["changes"].values() for kind, count in counts.items() if count} == {"create"}
    # a guardian whose children's schools use different systems is one user, and so is whoever works in several
    assert 3 * 1_400 < plan["changes"]["person"]["create"] < 3 * 1_600
    assert plan["changes"]["organisation"]["create"] == lab.told["schools"] + 2, "the owner, and the school for adults"
    assert plan["changes"]["membership"]["create"] > 0
    questions = json.loads(run(lab, "questions", "--json").stdout)
    assert len(questions) < 0.02 * plan["changes"]["person"]["create"]
    card = run(lab, "person", lab.told["person"], "--as-of", lab.told["date"]).stdout
    described = [line.split(",")[0] for line in card.splitlines() if ", accepted by run" in line]
    assert described == ["everyday", "visma", "sits", "feide"]
    assert len({line.split()[1] for line in card.splitlines() if line.startswith("  national_number")}) == 1


def test_it_ends_cleanly_and_serves_another_day_with_faults_into_the_same_folder(tmp_path: Path) -> None:
    first = Lab(tmp_path)
    assert first.told["date"] == "2026-10-05"
    secret = (tmp_path / "state.secret").read_text()
    first.config.write_text(first.config.read_text().replace("deliver = false", "deliver = true"))
    assert first.end(signal.SIGTERM) == (0, "")
    assert [url for url in first.urls.values() if listens(url)] == []
    base = slapd.free_port()
    second = Lab(
        tmp_path,
        "--day",
        "2",
        "--port-base",
        str(base),
        "--fault",
        "visma:tls",
        *FEIDE_DOWN[: 2 * ("feide" in first.urls)],
    )
    assert (second.told["date"], second.told["person"]) == ("2026-10-06", first.told["person"])
    assert [urlsplit(url).port for url in second.urls.values()] == list(range(base, base + len(second.urls)))
    assert [name for name, url in second.urls.items() if not listens(url)] == ["feide"] * ("feide" in first.urls)
    settings = load(second.config)
    assert settings.sources["visma"].settings.url == second.urls["visma"]
    assert settings.targets["itslearning"].deliver
    assert settings.targets["itslearning"].settings.url.startswith(second.urls["itslearning"])
    assert (tmp_path / "state.secret").read_text() == secret
    outside = json.loads(run(second, "check", "--online", "--json").stdout)["outside"]
    assert [one for one in outside if "feide" not in one] == [one for one in outside if "certificate" in one]
    assert len(outside) == 1 + ("feide" in first.urls)
    assert second.end(signal.SIGINT) == (0, "")


# -- what it refuses --------------------------------------------------------------------------------------------------


def code_of(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["lab", "serve", *arguments])
    code = ended.value.code
    assert isinstance(code, int)
    return code


def test_a_folder_with_something_else_in_it_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "rostersync.toml").write_text("version = 1\n")
    assert code_of(str(tmp_path)) == 64
    assert "is not empty and not of `lab serve`" in capsys.readouterr().err
    assert [one.name for one in tmp_path.iterdir()] == ["rostersync.toml"]


def test_a_port_that_is_taken_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert code_of(str(tmp_path), "--port-base", str(port)) == 64
    assert f"port {port}, for everyday, is taken: choose another --port-base" in capsys.readouterr().err


def test_unknown_services_and_faults_are_refused_all_at_once_with_the_nearest_right_name() -> None:
    typed = ["vismaa:500", "visma:shrunken", "flyt:shrunk:2", "sits:500:no", "sits", "feide:500"]
    with pytest.raises(Usage) as refused:
        switches(typed)
    said = [problem.text for problem in refused.value.problems]
    assert said[:4] == [
        'there is no service "vismaa" (did you mean "visma"?)',
        'visma knows no fault "shrunken" (did you mean "shrunk"?)',
        'flyt:shrunk:2: "shrunk" cannot be counted: leave out ":2"',
        'sits:500:no: "no" is no number of times',
    ]
    assert said[4].startswith('sits knows no fault "";')
    assert said[5] == 'feide knows no fault "500"; there is: down'


def test_faults_are_read_with_and_without_a_number_of_times() -> None:
    assert switches(["everyday:corrupt", "flyt:429:2"]) == [Switch("everyday", "corrupt"), Switch("flyt", "429", 2)]


def test_every_fault_is_listed_with_what_it_does(capsys: pytest.CaptureFixture[str]) -> None:
    assert code_of("--faults", "--json") == 0
    assert json.loads(capsys.readouterr().out) == faults_of()


# -- what it is made of -----------------------------------------------------------------------------------------------


def test_without_slapd_there_is_no_directory_but_its_ldif(tmp_path: Path) -> None:
    with serving(world_of("S", 1, 42), tmp_path, datetime.now(UTC), program=None) as served:
        assert [one.name for one in served] == [one.name for one in (*SERVICES, LMS)]
    assert "dn: uid=" in (tmp_path / "feide.ldif").read_text()


@pytest.mark.parametrize("addresses", [ADDRESSES, WITH_DIRECTORY])
def test_the_config_names_what_is_there_and_nothing_else(addresses: dict[str, str]) -> None:
    text = config_text(addresses)
    assert ("[source.feide]" in text) == ("feide" in addresses)
    assert ('"feide", "feide_groups"]' in text) == ("feide" in addresses)


def test_addresses_move_and_nothing_else_does() -> None:
    text = config_text(WITH_DIRECTORY).replace("guardians = true", "guardians = false")
    elsewhere = {name: f"https://127.0.0.1:{9000 + place}" for place, name in enumerate(ADDRESSES)}
    found = moved(text, elsewhere)
    assert found.replace("https://", "http://").replace(":900", ":800") == text
    assert "rostersync@127.0.0.1:9003" in found
    assert "ldap://127.0.0.1:8389" in found


@pytest.mark.parametrize("size", ["S", "M", "L"])
def test_every_school_is_in_one_school_system(size: str) -> None:
    world = world_of(size, 1, 42)
    shares = [share(world, name).served or frozenset() for name in ("everyday", "visma", "flyt")]
    assert all(shares)
    assert sorted(one for share in shares for one in share) == list(range(world.schools))
