"""Where the secret is kept: what is read, what is refused, and that no message ever shows it."""

from __future__ import annotations

from pathlib import Path

import pytest

from rostersync.credentials import Secret
from rostersync.errors import UserMistake

TEXT = "a secret of the tests, of no use anywhere else"
WHERE = "rostersync.toml:4"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A file with the secret, for its owner only."""
    path = tmp_path / "state.secret"
    path.write_text(TEXT)
    path.chmod(0o600)
    return path


def refused(secret: Secret) -> str:
    """What is said when it cannot be read."""
    with pytest.raises(UserMistake) as mistake:
        secret.read()
    return str(mistake.value)


@pytest.mark.parametrize("ending", ["", "\n", "\r\n", "\n\n"])
def test_an_editor_may_end_the_line(place: Path, ending: str) -> None:
    place.write_bytes((TEXT + ending).encode())
    assert Secret("file", str(place), WHERE).read() == TEXT


def test_spaces_and_inner_lines_belong_to_the_secret(place: Path) -> None:
    place.write_text(f"  {TEXT}\n{TEXT} \n")
    assert Secret("file", str(place), WHERE).read() == f"  {TEXT}\n{TEXT} "


@pytest.mark.parametrize("mode", [0o400, 0o600, 0o440, 0o640])
def test_the_owner_and_her_group_may_read_it(place: Path, mode: int) -> None:
    place.chmod(mode)
    assert Secret("file", str(place), WHERE).read() == TEXT


@pytest.mark.parametrize("mode", [0o604, 0o644, 0o602, 0o666, 0o777])
def test_a_file_open_to_everybody_is_refused_with_the_command_that_closes_it(place: Path, mode: int) -> None:
    place.chmod(mode)
    assert refused(Secret("file", str(place), WHERE)) == (
        f"{WHERE}: {place} may be read by everybody on this machine; run: chmod 600 {place}"
    )


def test_systemd_keeps_it_in_a_folder_of_credentials(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(place.parent))
    assert Secret("credential", "state.secret", WHERE).read() == TEXT
    assert refused(Secret("credential", "other", WHERE)) == (
        f"{WHERE}: the secret in {place.parent}/other cannot be read: No such file or directory"
    )


@pytest.mark.parametrize("folder", [None, ""], ids=["not set", "empty"])
def test_run_by_hand_there_are_no_credentials(folder: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    if folder is not None:
        monkeypatch.setenv("CREDENTIALS_DIRECTORY", folder)
    told = refused(Secret("credential", "state-secret", WHERE))
    assert told.startswith(f'{WHERE}: credential "state-secret" needs systemd (LoadCredential=state-secret:FILE')
    assert '{ file = "..." }' in told


def test_the_environment_gives_it_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STATE_SECRET", TEXT)
    assert Secret("env", "STATE_SECRET", WHERE).read() == TEXT
    monkeypatch.delenv("STATE_SECRET")
    assert refused(Secret("env", "STATE_SECRET", WHERE)) == f"{WHERE}: the environment variable STATE_SECRET is not set"


@pytest.mark.parametrize("content", [b"\xff\xfe\x00secret", "hemmelig nøkkel".encode("latin-1")])
def test_bytes_that_are_no_text_are_said_to_be_so_and_not_shown(place: Path, content: bytes) -> None:
    place.write_bytes(content)
    told = refused(Secret("file", str(place), WHERE))
    assert told == f"{WHERE}: the secret in {place} cannot be read: it is not UTF-8 text"


def test_a_folder_in_its_place_is_said_to_be_one(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    assert refused(Secret("file", str(tmp_path), WHERE)).endswith("cannot be read: Is a directory")


def test_what_a_program_prints_of_it_is_where_it_is_and_never_what_it_is(place: Path) -> None:
    secret = Secret("file", str(place), WHERE)
    secret.read()
    assert TEXT not in repr(secret) + str(secret)
