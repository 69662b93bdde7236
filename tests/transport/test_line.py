"""Which addresses are spoken to, and what the keys of a line mean."""

from __future__ import annotations

from datetime import timedelta

import pytest

from rostersync.transport.line import Line, LineSettings, address_trouble


@pytest.mark.parametrize(
    "url",
    [
        "https://api.example",
        "https://api.example:8443/fint/",
        "http://127.0.0.1:8080/x",
        "http://localhost/x",
        "http://[::1]/x",
    ],
)
def test_an_encrypted_address_will_do_and_so_will_this_machine(url: str) -> None:
    assert address_trouble(url) == ""


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("http://api.example/x", "is not encrypted; write https://"),
        ("http://localhost.example/x", "is not encrypted"),
        ("ftp://api.example", "is no address; write https://HOST/PATH"),
        ("api.example/x", "is no address"),
        ("https:///x", "is no address"),
        ("", "is no address"),
        ("https://[::1/x", "is no address"),
        ("https://api.example:port/x", "is no address"),
        ("https://kari:hemmelig@api.example/x", "an address holds no user name or password"),
    ],
)
def test_an_address_that_will_not_do_is_told_in_a_sentence(url: str, sentence: str) -> None:
    trouble = address_trouble(url)
    assert sentence in trouble
    assert "hemmelig" not in trouble


def test_what_is_switched_off_has_a_meaning() -> None:
    off = LineSettings(timeout=None, patience=None).line()
    assert (off.timeout, off.patience) == (timedelta(seconds=60), timedelta()), "no time-out at all could hang for ever"


@pytest.mark.parametrize(("patience", "hurried"), [(0, 0), (1, 1), (300, 4)])
def test_who_is_in_a_hurry_waits_for_moments_only(patience: int, hurried: int) -> None:
    line = Line(patience=timedelta(seconds=patience), proxy="http://proxy:3128")
    assert line.hurried() == Line(patience=timedelta(seconds=hurried), proxy="http://proxy:3128")
