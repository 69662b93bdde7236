"""An independent OneRoster 1.2 service, Stoplight's prism driven by 1EdTech's own OpenAPI, is read without error.

prism checks every request against the OpenAPI and answers with made-up entries of the right shape. It serves at the root,
knows no paging and no tokens, so a relay in front of it does these, and nothing else.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest
import urllib3

from rostersync.connectors.oneroster import OneRosterConnector, Settings
from rostersync.credentials import Secret
from rostersync.lab.doubles.server import Asked, Server, Told
from rostersync.model import Record

from .contract import NOW
from .oneroster_parts import records_of

OPENAPI = "oneroster/v1p2/onerosterv1p2rostersservice_openapi3_v1p0.json"
BASE = "/ims/oneroster/rostering/v1p2"


class Relay:
    """Passes calls on to prism. What lies behind the first page is empty; `refused` are the calls prism found wrong."""

    def __init__(self, prism: str) -> None:
        self._prism = prism
        self._http = urllib3.PoolManager()
        self.refused: list[tuple[str, int, bytes]] = []

    def answer(self, asked: Asked) -> Told:
        if asked.path == "/token":
            return Told(b'{"access_token": "any", "token_type": "bearer", "expires_in": 3600}')
        path = asked.path.removeprefix(BASE)
        headers = {name: asked.headers[name] for name in ("authorization", "accept") if name in asked.headers}
        answer = self._http.request(
            "GET", f"{self._prism}{path}?{urlencode(asked.query)}", headers=headers, retries=False
        )
        if answer.status != 200:
            self.refused.append((path, answer.status, answer.data))
        elif asked.one("offset") != "0":
            return Told(b'{"%s": []}' % path.strip("/").encode())
        return Told(answer.data, status=answer.status)

    def close(self) -> None:
        self._http.clear()


@pytest.fixture(scope="module", params=["static", "dynamic"])
def prism(request: pytest.FixtureRequest, standards: Path) -> Iterator[str]:
    """prism on a free port, with its example of each entry or with random ones."""
    program = os.environ.get("ROSTERSYNC_PRISM") or shutil.which("prism")
    if program is None:
        pytest.skip("prism is not on this machine: npm install -g @stoplight/prism-cli, or set ROSTERSYNC_PRISM")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    how = ["--dynamic"] if request.param == "dynamic" else []
    process = subprocess.Popen(
        [program, "mock", *how, "--port", str(port), "--host", "127.0.0.1", str(standards / OPENAPI)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _await(port, process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)


def _await(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        with socket.socket() as probe:
            probe.settimeout(0.2)
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        if process.poll() is not None:
            break
        time.sleep(0.1)
    pytest.skip("prism does not start here; try: prism mock FILE")


@pytest.fixture
def secret(tmp_path: Path) -> Secret:
    path = tmp_path / "client.secret"
    path.write_text("any")
    path.chmod(0o600)
    return Secret("file", str(path), "client_secret")


def test_every_call_is_valid_and_every_answer_is_read(prism: str, secret: Secret, tmp_path: Path) -> None:
    relay = Relay(prism)
    with Server(relay) as server:
        address = {"url": f"{server.url}{BASE}", "token_url": f"{server.url}/token"}
        settings = Settings(**address, client_id="any", client_secret=secret, spool=tmp_path, guardians=True)
        connector = OneRosterConnector("prism", settings)
        assert connector.check() == []
        rounds = [records_of(connector) for _ in range(3)]
    relay.close()
    assert relay.refused == []
    for records in rounds:
        assert {record.kind for record in records} <= {"person", "group", "membership"}
    kinds = {record.kind for records in rounds for record in records}
    assert {"person", "group"} <= kinds, "not all of what is made up is marked as deleted"
    assert all(_is_text(record) for records in rounds for record in records)


def test_changes_are_asked_for_in_a_way_that_is_valid(prism: str, secret: Secret, tmp_path: Path) -> None:
    relay = Relay(prism)
    with Server(relay) as server:
        address = {"url": f"{server.url}{BASE}", "token_url": f"{server.url}/token"}
        settings = Settings(**address, client_id="any", client_secret=secret, spool=tmp_path, dates="reliable")
        connector = OneRosterConnector("prism", settings)
        cursor = '{"since": "2026-11-20T02:00:00.000Z", "digest": "0", "totals": {}}'
        snapshot = connector.fetch(NOW, (), cursor)
        connector.discard(snapshot)
        assert any(one.one("filter") for one in server.asked)
    relay.close()
    assert relay.refused == []


def _is_text(record: Record) -> bool:
    return all(text and isinstance(text, str) for texts in record.fields.values() for text in texts)
