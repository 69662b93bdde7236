"""Typed values out of a TOML table: what is taken, what is refused in which words, and at which line."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

import pytest

from rostersync.credentials import Secret
from rostersync.errors import UserMistake
from rostersync.toml_tables import Reader, Table

BASE = Path("/etc/rostersync")


def table(text: str) -> Table:
    """The root table of a text, as `r.toml`."""
    return Table(Reader("r.toml", text, BASE), "", tomllib.loads(text))


def problems(read: Table) -> list[str]:
    """Everything that was wrong, in file order."""
    try:
        read.reader.finish()
    except UserMistake as mistake:
        return [str(problem) for problem in mistake.problems]
    return []


# -- one value ------------------------------------------------------------------------------------------------------

GOOD: list[tuple[str, Callable[[Table], Any], Any]] = [
    ('k = "text"', lambda t: t.text("k"), "text"),
    ("k = 7", lambda t: t.text("k"), "7"),
    ("", lambda t: t.text("k", default="else"), "else"),
    ('k = ["a", "b"]', lambda t: t.texts("k"), ("a", "b")),
    ("k = []", lambda t: t.texts("k"), ()),
    ("k = true", lambda t: t.flag("k", default=False), True),
    ("k = false", lambda t: t.flag("k", default=True), False),
    ("", lambda t: t.flag("k", default=True), True),
    ("k = 0", lambda t: t.number("k", default=5), 0),
    ("", lambda t: t.number("k", default=5), 5),
    ("", lambda t: t.optional_number("k"), None),
    ("k = 0.05", lambda t: t.share("k"), 0.05),
    ("k = 1", lambda t: t.share("k"), 1.0),
    ("k = 0", lambda t: t.share("k"), 0.0),
    ("", lambda t: t.share("k"), None),
    ('k = "b"', lambda t: t.choice("k", ("a", "b"), "a"), "b"),
    ("", lambda t: t.choice("k", ("a", "b"), "a"), "a"),
    ('k = "10s"', lambda t: t.duration("k"), timedelta(seconds=10)),
    ('k = "15m"', lambda t: t.duration("k"), timedelta(minutes=15)),
    ('k = "26h"', lambda t: t.duration("k"), timedelta(hours=26)),
    ('k = "30d"', lambda t: t.duration("k"), timedelta(days=30)),
    ('k = "0s"', lambda t: t.duration("k"), timedelta(0)),
    ('k = "off"', lambda t: t.duration("k"), None),
    ("", lambda t: t.duration("k"), None),
    ('k = "30d"', lambda t: t.days("k", default=9), 30),
    ('k = "48h"', lambda t: t.days("k", default=9), 2),
    ('k = "off"', lambda t: t.days("k", default=9), None),
    ("", lambda t: t.days("k", default=9), 9),
    ('k = "in/x.xml"', lambda t: t.path("k"), BASE / "in" / "x.xml"),
    ('k = "/srv/x.xml"', lambda t: t.path("k"), Path("/srv/x.xml")),
    ("", lambda t: t.optional_path("k"), None),
    ('k = "Europe/Oslo"', lambda t: t.zone("k", "UTC").key, "Europe/Oslo"),
    ("", lambda t: t.zone("k", "Europe/Oslo").key, "Europe/Oslo"),
    ('k = { file = "s" }', lambda t: t.secret("k"), Secret("file", str(BASE / "s"), "r.toml:1")),
    ('k = { env = "S" }', lambda t: t.secret("k"), Secret("env", "S", "r.toml:1")),
    ('k = { credential = "s" }', lambda t: t.secret("k"), Secret("credential", "s", "r.toml:1")),
]


@pytest.mark.parametrize(("text", "read", "value"), GOOD, ids=[f"{text or 'nothing'}: {v}" for text, _, v in GOOD])
def test_a_value_is_read_as_what_it_is_meant_to_be(text: str, read: Callable[[Table], Any], value: object) -> None:
    root = table(text)
    got = read(root)
    assert (got, type(got)) == (value, type(value))
    root.done()
    assert problems(root) == []


SPAN = 'a time span such as "10s", "15m", "26h" or "30d"'
WRONG: list[tuple[str, Callable[[Table], Any], str]] = [
    ("k = true", lambda t: t.text("k"), '"k" must be a text in quotes'),
    ('k = ["a"]', lambda t: t.text("k"), '"k" must be a text in quotes'),
    ("k = 1.5", lambda t: t.text("k"), '"k" must be a text in quotes'),
    ('k = "a"', lambda t: t.texts("k"), '"k" must be a list of texts, such as ["one", "two"]'),
    ('k = ["a", 1]', lambda t: t.texts("k"), '"k" must be a list of texts, such as ["one", "two"]'),
    ('k = "true"', lambda t: t.flag("k", default=False), '"k" must be true or false, without quotes'),
    ("k = 1", lambda t: t.flag("k", default=False), '"k" must be true or false, without quotes'),
    ("k = -1", lambda t: t.number("k", default=0), '"k" must be a whole number, 0 or more'),
    ("k = 1.0", lambda t: t.number("k", default=0), '"k" must be a whole number, 0 or more'),
    ("k = true", lambda t: t.number("k", default=0), '"k" must be a whole number, 0 or more'),
    ('k = "3"', lambda t: t.optional_number("k"), '"k" must be a whole number, 0 or more'),
    ("k = 5", lambda t: t.share("k"), '"k" must be a share between 0 and 1, such as 0.05 for 5 %'),
    ("k = -0.1", lambda t: t.share("k"), '"k" must be a share between 0 and 1, such as 0.05 for 5 %'),
    ("k = true", lambda t: t.share("k"), '"k" must be a share between 0 and 1, such as 0.05 for 5 %'),
    ('k = "c"', lambda t: t.choice("k", ("a", "b"), "a"), '"k" must be "a" or "b"'),
    ("k = 10", lambda t: t.duration("k"), f'"k" must be {SPAN}'),
    ('k = "10"', lambda t: t.duration("k"), f'"k" must be {SPAN}'),
    ('k = "-1d"', lambda t: t.duration("k"), f'"k" must be {SPAN}'),
    ('k = "1d 2h"', lambda t: t.duration("k"), f'"k" must be {SPAN}'),
    ('k = "36h"', lambda t: t.days("k", default=9), '"k" must be whole days, such as "30d"'),
    ('k = "Oslo"', lambda t: t.zone("k", "UTC"), '"Oslo" is no time zone; use a name such as "Europe/Oslo"'),
    ('k = "../etc"', lambda t: t.zone("k", "UTC"), '"../etc" is no time zone; use a name such as "Europe/Oslo"'),
    ('k = "x"', lambda t: t.table("k"), '"k" must be a table'),
    ("", lambda t: t.table("k"), "[k] is missing"),
    ("k = 1", lambda t: list(t.tables(None)), '"k" must be a table'),
]


@pytest.mark.parametrize(("text", "read", "said"), WRONG, ids=[f"{text or 'nothing'}: {s}" for text, _, s in WRONG])
def test_a_wrong_value_is_told_with_what_is_right(text: str, read: Callable[[Table], Any], said: str) -> None:
    root = table(text)
    read(root)
    assert problems(root) == [f"r.toml:1: {said}"]


def test_what_is_missing_is_told_at_its_table() -> None:
    state = table("version = 1\n[state]\n").table("state")
    assert (state.text("url"), state.texts("from")) == ("", ())
    assert problems(state) == ['r.toml:2: "url" is missing in [state]', 'r.toml:2: "from" is missing in [state]']


@pytest.mark.parametrize(
    "text",
    ['k = "hunter2"', 'k = { value = "hunter2" }', 'k = { file = "a", env = "hunter2" }', 'k = { file = "" }', "k = 7"],
)
def test_a_secret_in_the_config_is_refused_and_not_repeated(text: str) -> None:
    root = table(text)
    root.secret("k")
    (said,) = problems(root)
    assert said.startswith('r.toml:1: "k" must say where the secret is kept, never the secret itself: ')
    assert "hunter2" not in said


# -- lines and order ------------------------------------------------------------------------------------------------

TEXT = """\
# a comment with key = "x"
version = 1

[state]
url = "a"

[sync.oslo]
from = []
[sync.oslo.guard]
person.depart = { count = 3 }
"quoted.key" = 1
"""


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("version", 2),
        ("state", 4),
        ("state.url", 5),
        ("state.secret", 4),
        ("sync", 7),
        ("sync.oslo.from", 8),
        ("sync.oslo.guard", 9),
        ("sync.oslo.guard.person.depart", 10),
        ("sync.oslo.guard.person", 10),
        ("sync.oslo.guard.person.depart.count", 10),
        ("nowhere.at.all", 1),
        ("", 1),
    ],
)
def test_a_key_is_found_at_its_line_or_at_the_nearest_table_around_it(path: str, line: int) -> None:
    assert Reader("r.toml", TEXT, BASE).where(path) == f"r.toml:{line}"


def test_problems_come_in_file_order_and_each_but_once() -> None:
    root = table('a = 1\nb = "x"\nc = 3\n')
    for key in ("c", "a", "c", "b"):
        root.problem(key, f"{key} is wrong")
    assert problems(root) == ["r.toml:1: a is wrong", "r.toml:2: b is wrong", "r.toml:3: c is wrong"]


def test_without_problems_nothing_is_said() -> None:
    root = table("a = 1")
    root.number("a", default=0)
    root.done()
    root.reader.finish()


# -- keys nobody knows ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("setle", 'unknown key "setle" in [source.x] (did you mean "settle"?)'),
        ("fils", 'unknown key "fils" in [source.x] (did you mean "files"?)'),
        ("zzz", 'unknown key "zzz" in [source.x]'),
    ],
)
def test_a_key_that_nobody_asked_for_is_told_with_the_nearest_right_one(typed: str, said: str) -> None:
    source = table(f"[source.x]\n{typed} = 1\n").table("source").table("x")
    source.text("settle", default="")
    source.text("files", default="")
    source.done()
    assert problems(source) == [f"r.toml:2: {said}"]


def test_tables_that_were_read_are_no_unknown_keys_and_an_abandoned_table_has_none() -> None:
    root = table("[a]\nx = 1\n[b]\ny = 2\n")
    root.table("a").abandon()
    root.done("a", "b")
    root.table("a").abandon()
    assert problems(root) == []


def test_named_tables_are_given_with_their_names() -> None:
    root = table("[source.one]\nk = 1\n[source.two]\nk = 2\n")
    assert {name: one.number("k", default=0) for name, one in root.tables("source")} == {"one": 1, "two": 2}
    assert list(root.tables("target")) == []


# -- a whole settings class -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Ways:
    """What a connector may be told."""

    files: str = field(metadata={"path": True})
    after: Literal["keep", "delete"] = "keep"
    settle: timedelta | None = timedelta(seconds=10)
    guardians: bool = False
    most: int | None = None
    kinds: tuple[str, ...] = ()
    folder: Path | None = None


def built(text: str) -> tuple[Any, list[str]]:
    """Settings read from `[source.x]`, and what was wrong with them."""
    source = table(f"[source.x]\n{text}").table("source").table("x")
    return source.build(Ways), problems(source)


def test_a_settings_class_says_itself_how_each_key_is_read() -> None:
    text = 'files = "in/*.xml"\nafter = "delete"\nsettle = "off"\nguardians = true\nmost = 3\nkinds = ["a"]\nfolder = "f"\n'
    made, wrong = built(text)
    assert made == Ways(f"{BASE}/in/*.xml", "delete", None, True, 3, ("a",), BASE / "f")
    assert wrong == []


def test_what_is_left_out_of_a_settings_class_has_its_default() -> None:
    assert built('files = "/srv/*.xml"\n') == (Ways("/srv/*.xml"), [])


def test_what_must_be_told_and_is_not_is_asked_for_and_so_is_everything_else_that_is_wrong() -> None:
    _, wrong = built('settle = "soon"\nguardian = true\nafter = "burn"\n')
    assert wrong == [
        'r.toml:1: "files" is missing in [source.x]',
        f'r.toml:2: "settle" must be {SPAN}',
        'r.toml:3: unknown key "guardian" in [source.x] (did you mean "guardians"?)',
        'r.toml:4: "after" must be "keep" or "delete"',
    ]
