"""state move, verify and recover, as they are typed, with a state that goes to PostgreSQL and back."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest

from tests.cli.conftest import Desk
from tests.postgres import Server
from tests.scenarios.town import AUTUMN

DAY = timedelta(days=1)


def state_table(desk: Desk, lines: str) -> None:
    """Write these lines under [state] in place of what says where the state is."""
    config = desk.town.config
    text = re.sub(r'url = ".*"\n(schema = .*\n)?', lines, config.read_text(), count=1)
    config.write_text(text)


def test_a_state_moves_to_postgresql_and_back_and_every_night_goes_on(desk: Desk, postgres: Server) -> None:
    url = postgres.url(postgres.blank())
    home = re.search(r'url = "(.*)"', desk.town.config.read_text())
    assert home
    moved = desk("state", "move", "--to", url, "--schema", "oslo")
    assert moved.code == 0, moved.err
    assert "Carried over and verified:" in moved.out
    assert f'url = "{url}"\n  schema = "oslo"\n' in moved.out
    refused = desk("sync", "oslo", "--as-of", (AUTUMN + DAY).isoformat())
    assert refused.code == 78
    assert "this state was moved to" in refused.err
    state_table(desk, f'url = "{url}"\nschema = "oslo"\n')
    desk.town.world.drop("siri")
    desk.town.export(AUTUMN + DAY)
    night = desk("--json", "sync", "oslo", "--as-of", (AUTUMN + DAY).isoformat())
    assert night.document["changes"]["person"]["depart"] == 1, night.err
    assert desk("state", "verify").code == 0
    back = desk("--json", "state", "move", "--to", "sqlite:///back.db")
    assert back.code == 0, back.err
    state_table(desk, 'url = "sqlite:///back.db"\n')
    assert desk("check").code == 0
    assert desk("plan", "oslo", "--as-of", (AUTUMN + DAY).isoformat()).code == 0


def test_a_moved_state_counts_again_when_somebody_says_so(desk: Desk, postgres: Server) -> None:
    assert desk("state", "move", "--to", postgres.url(postgres.blank())).code == 0
    assert desk("state", "verify").code == 78
    assert desk("state", "recover", "--reason", "the new server was not ready").code == 0
    assert desk("state", "verify").code == 0


def test_a_place_that_cannot_be_used_is_the_users_mistake(desk: Desk, postgres: Server) -> None:
    url = postgres.url(postgres.blank())
    for options, told in (
        (("--to", "mysql://x/y"), "mysql is not supported"),
        (("--to", url, "--schema", "Oslo"), 'schema: "Oslo" cannot be used'),
        (("--to", url.replace("@", ":hunter2@")), "holds a password"),
    ):
        answer = desk("state", "move", *options)
        assert answer.code == 78
        assert told in answer.err
        assert "hunter2" not in answer.err


@pytest.mark.parametrize("command", ["sync", "plan", "status", "check"])
def test_a_server_that_is_down_is_said_and_tried_later(desk: Desk, tmp_path: Path, command: str) -> None:
    state_table(desk, f'url = "postgresql://rostersync@/state?host={tmp_path}"\n')
    answer = desk(command, *(["oslo"] if command in ("sync", "plan") else []))
    assert "cannot be reached" in answer.err
    assert answer.code == 1
