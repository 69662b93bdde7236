"""What somebody types as KEY: whom it means, and that a national number never stands in an argument."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest

from rostersync.cli.keys import one_person, typed_key
from rostersync.errors import Usage
from rostersync.store import Store
from tests.scenarios.town import AUTUMN, SOURCE, Human, Tied, Town

NUMBER = "01829012355"


@pytest.fixture
def store(town: Town) -> Iterator[Store]:
    """The state of a synced town, open."""
    opened = town.store()
    yield opened
    opened.close()


def type_in(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(text))


# -- numbers --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "key",
    [
        NUMBER,
        "018290 12355",
        "018290-12355",
        "018290.12355",
        f"{SOURCE}/{NUMBER}",
        f" {NUMBER} ",
        f"person={NUMBER}",
        "018290123551",
    ],
)
def test_a_national_number_in_an_argument_is_refused_and_not_repeated(key: str) -> None:
    with pytest.raises(Usage) as usage:
        typed_key(key)
    assert "give - instead, and type it at the prompt" in str(usage.value)
    assert NUMBER not in str(usage.value)


@pytest.mark.parametrize(
    "key",
    ["974589230", "f897a7b50638e30d046e165e8986c5c8", "01829012355abcdef01829012355abcd", f"{SOURCE}/kari", "8A-2026"],
    ids=[
        "an organisation number",
        "one of our ids",
        "an id that holds digits like a number",
        "a source key",
        "a class",
    ],
)
def test_a_key_that_only_looks_a_little_like_a_number_is_taken(key: str) -> None:
    assert typed_key(key) == key


# -- from stdin -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("line", [f"{NUMBER}\n", f"  {NUMBER}  \r\n", NUMBER])
def test_a_number_may_be_typed_where_nobody_else_can_see_it(monkeypatch: pytest.MonkeyPatch, line: str) -> None:
    type_in(monkeypatch, line)
    assert typed_key("-") == NUMBER


@pytest.mark.parametrize("line", ["", "\n", "   \n"])
def test_an_empty_line_is_no_key(monkeypatch: pytest.MonkeyPatch, line: str) -> None:
    type_in(monkeypatch, line)
    with pytest.raises(Usage, match="no key came from stdin: type one of our ids, a source key"):
        typed_key("-")


def test_only_one_line_is_read_so_that_two_keys_can_follow_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    type_in(monkeypatch, "first\nsecond\n")
    assert (typed_key("-"), typed_key("-")) == ("first", "second")


# -- whom it means --------------------------------------------------------------------------------------------------


def test_all_ways_of_naming_somebody_lead_to_her(town: Town, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    kari, user = town.person("kari"), town.known()["Kari", "school"].id
    for key in (kari, user, f"{SOURCE}/kari", "kari"):
        assert one_person(store, key) == kari
    for typed in (town.world.people["kari"].number, f"{SOURCE}/kari", user):
        type_in(monkeypatch, f"{typed}\n")
        assert one_person(store, "-") == kari


@pytest.mark.parametrize("key", ["nils", f"{SOURCE}/nils", "0" * 32, "974589230"])
def test_a_key_that_means_nobody_says_what_would_mean_somebody(store: Store, key: str) -> None:
    with pytest.raises(Usage) as usage:
        one_person(store, key)
    assert str(usage.value).startswith("that key means nobody here: give one of our ids, a source key (source/id)")
    assert key not in str(usage.value)


def test_a_key_of_two_people_is_answered_with_the_ids_of_both(town: Town) -> None:
    everyday = town.config.read_text()
    second = everyday[everyday.index("[source.everyday]") : everyday.index("[target.lms]")]
    second = second.replace("[source.everyday]", "[source.second]").replace("in/*.xml", "in2/*.xml")
    town.config.write_text(
        everyday.replace("[target.lms]", second + "[target.lms]").replace('["everyday"]', '["everyday", "second"]')
    )
    (town.home / "in2").mkdir()
    kept, town.export_path = town.export_path, town.home / "in2" / "export.xml"
    town.world.people = {"kari": Human("kari", "Karin", "Vik")}
    town.world.ties = [Tied("north", "kari"), Tied("7B", "kari")]
    town.sync(AUTUMN)
    town.export_path = kept
    store = town.store()
    try:
        found = store.cards.find(f"{SOURCE}/kari")
        assert len(found) == 2
        with pytest.raises(Usage) as usage:
            one_person(store, f"{SOURCE}/kari")
        assert str(usage.value) == f"that key means 2 people; use one of our ids: {', '.join(found)}"
        assert [one_person(store, one) for one in found] == found
    finally:
        store.close()
