"""The keys of `[source.NAME]` with type oneroster, and every way in which they do not fit together."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from rostersync.config import load
from rostersync.connectors.oneroster import Settings, make
from rostersync.credentials import Secret
from rostersync.errors import UserMistake

from .test_pifu_settings import CONFIG

SECRET = Secret("env", "ANY", "client_secret")
SERVICE = """\
url = "https://or.lunde.example/ims/oneroster/v1p1"
client_id = "rostersync"
client_secret = { env = "ANY" }"""


def settings(folder: Path, lines: str) -> Settings:
    """The settings that a config with these lines gives."""
    path = folder / "rostersync.toml"
    path.write_text(CONFIG.replace('type = "pifu"', 'type = "oneroster"').replace('files = "in/*.xml"', lines))
    found = load(path).sources["everyday"].settings
    assert isinstance(found, Settings)
    return found


def test_what_is_left_out_is_careful(tmp_path: Path) -> None:
    found = settings(tmp_path, SERVICE)
    assert not found.guardians, "guardians stay in the school system until somebody lets them out"
    assert (found.dates, found.after, found.signature, found.zone) == ("unreliable", "keep", "sha256", "Europe/Oslo")
    assert (found.timeout, found.patience) == (timedelta(minutes=1), timedelta(minutes=5))


def test_the_pattern_begins_at_the_config(tmp_path: Path) -> None:
    assert settings(tmp_path, 'files = "in/*.zip"').files == str(tmp_path / "in/*.zip")


def test_a_key_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserMistake, match=r"rostersync.toml:\d+: .*token_uri"):
        settings(tmp_path, f'{SERVICE}\ntoken_uri = "https://x.example"')


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({}, "it needs either url (a service) or files (CSV sets)"),
        (
            {"files": "/in/*.zip", "url": "https://x.example/v1p1"},
            "either url (a service) or files (CSV sets), not both",
        ),
        ({"url": "http://or.lunde.example/v1p1"}, "is not encrypted; write https://"),
        ({"url": "https://me:x@or.lunde.example/v1p1"}, "an address holds no user name or password"),
        ({"url": "https://x.example", "token_url": "connect"}, 'token_url: "connect" is no address'),
        ({"url": "https://x.example", "client_id": "me"}, "set client_id and client_secret"),
        ({"url": "https://x.example", "client_secret": SECRET}, "set client_id and client_secret"),
        ({"files": "/in/*.zip", "zone": "Oslo"}, '"Oslo" is no time zone'),
        ({"files": "/in/*.zip", "page": 0}, '"page" must be 1 or more'),
    ],
)
def test_what_does_not_fit_together_is_told_with_the_sources_name(values: dict[str, object], sentence: str) -> None:
    with pytest.raises(UserMistake) as caught:
        make("vis", Settings(**values))  # type: ignore[arg-type]
    assert f"source.vis: {sentence}" in str(caught.value) or sentence in str(caught.value)
    assert str(caught.value).startswith("source.vis: ")


def test_everything_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(UserMistake) as caught:
        make("vis", Settings(url="ftp://x.example", zone="Oslo", page=0))
    assert len(caught.value.problems) == 4
