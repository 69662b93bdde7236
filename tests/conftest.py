"""What every test may lean on."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from rostersync import logs
from tests import slapd as openldap
from tests.postgres import Server, programs
from tests.states import STATES
from tests.transport.sshd import Sshd
from tests.transport.sshd import program as sshd_program

ROOT = Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def _quiet_logs() -> None:
    """Events go to stderr, as in service, so that what a test prints is what a user would read."""
    logs.set_up()


@pytest.fixture(scope="session")
def standards() -> Path:
    """The folder of public schemas and samples; it lies beside the project and is no part of it."""
    folder = ROOT.parent / "shared" / "standards"
    if not folder.is_dir():
        pytest.skip("the public schemas and samples (../shared/standards) are not on this machine")
    return folder


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A PostgreSQL server of this process's own."""
    found = programs()
    if found is None:
        pytest.skip("PostgreSQL is not on this machine; Debian and Ubuntu: apt-get install postgresql")
    server = Server(found)
    yield server
    server.remove()


@pytest.fixture(scope="session")
def slapd() -> Iterator[openldap.Slapd]:
    """An OpenLDAP server of this process's own."""
    program = openldap.program()
    if program is None:
        pytest.skip("OpenLDAP's server is not on this machine; Debian and Ubuntu: apt-get install slapd")
    server = openldap.Slapd(program)
    yield server
    server.remove()


@pytest.fixture(scope="session")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    """An SFTP server."""
    found = sshd_program()
    if found is None:
        pytest.skip("sshd is not on this machine; Debian and Ubuntu: apt-get install openssh-server")
    with Sshd(found, tmp_path_factory.mktemp("sshd")) as server:
        yield server


@pytest.fixture(autouse=True)
def engine(request: pytest.FixtureRequest) -> Iterator[str]:
    """The database that the states of a test are in: sqlite, unless the test is run for postgres as well."""
    name: str = getattr(request, "param", "sqlite")
    STATES.server = request.getfixturevalue("postgres") if name == "postgres" else None
    yield name
    STATES.give_back()
    STATES.server = None


settings.register_profile("slice", max_examples=25, deadline=None)
settings.register_profile("full", max_examples=500, deadline=None)


def _in_full() -> bool:
    return os.environ.get("ROSTERSYNC_PROOF") == "full"


settings.load_profile("full" if _in_full() else "slice")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A proof in full may take four hours on a busy machine."""
    for item in items:
        if _in_full() and item.get_closest_marker("proof"):
            item.add_marker(pytest.mark.timeout(14_400))


@pytest.fixture(scope="session")
def proof_size() -> int:
    """How many seeded cases a proof tries: 5,000 in `make proof`, a slice otherwise."""
    return 5_000 if _in_full() else 150


@pytest.fixture(scope="session")
def kills() -> int:
    """How many times a proof kills a run, for each shape of target."""
    return 100 if _in_full() else 2


@pytest.fixture(scope="session")
def school_year_days() -> list[int]:
    """The days of a school year that are synced: every week or only five, through the summer into the next autumn."""
    return list(range(1, 400, 7)) if _in_full() else [1, 200, 310, 335, 345]
