"""What the transport's tests lean on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .sshd import Sshd, program


@pytest.fixture(scope="session")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    """An SFTP server."""
    found = program()
    if found is None:
        pytest.skip("sshd is not on this machine; Debian and Ubuntu: apt-get install openssh-server")
    with Sshd(found, tmp_path_factory.mktemp("sshd")) as server:
        yield server
