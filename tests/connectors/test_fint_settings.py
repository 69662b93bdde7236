"""What the config may say of a FINT source, the look at it beforehand, and the small rules on links and dates."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from rostersync.connectors.fint import Settings, make
from rostersync.connectors.fint.dates import day, spanning, together
from rostersync.connectors.fint.links import key_of, own, target_of
from rostersync.errors import UserMistake

from .fint_county import ELEV, MENTOR, PERSON, STAFF, Site, site

OSLO = ZoneInfo("Europe/Oslo")


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Site]:
    with site(tmp_path) as found:
        found.send()
        yield found


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("url", "api.example.no", 'url: "api.example.no" is no address'),
        ("url", "http://fint.example", "url: "),
        ("token_url", "https://me:secret@idp.example", "token_url: an address holds no user name or password"),
        ("zone", "Norge", '"Norge" is no time zone'),
        ("page_size", -1, "page_size must be 0"),
        ("shrink", 101, "shrink must be a percentage"),
        ("may_be_empty", ("kontaktlærer",), "may_be_empty names what is no resource: kontaktlærer"),
    ],
)
def test_a_setting_that_cannot_be_used_is_told_before_anything_is_asked(key: str, value: Any, said: str) -> None:
    with pytest.raises(UserMistake) as caught:
        make("vis", Settings(**{key: value}))
    assert str(caught.value).startswith("source.vis: ")
    assert said in str(caught.value)


def test_all_mistakes_are_told_at_once() -> None:
    with pytest.raises(UserMistake) as caught:
        make("vis", Settings(url="nowhere", zone="Norge", shrink=-1))
    assert len(caught.value.problems) == 3


# -- the look beforehand ----------------------------------------------------------------------------------------------


def test_what_access_control_has_taken_out_of_every_entry_is_named(here: Site) -> None:
    for one in here.county.entries[PERSON]:
        del one["fodselsdato"]
        one["_links"].pop("foreldre", None)
        one["_links"].pop("foreldreansvar", None)
    for one in here.county.entries[ELEV]:
        del one["feidenavn"]
        del one["_links"]["person"]
    here.send()
    told = here.connector.check()
    assert len(told) == 2
    assert told[0].startswith(
        "none of the first 4 entries of utdanning/elev/person has fodselsdato, foreldre or foreldreansvar;"
    )
    assert told[1].startswith("none of the first 2 entries of utdanning/elev/elev has feidenavn, person;")


def test_parents_are_only_missed_where_they_are_wanted(here: Site) -> None:
    here.change(guardians=False)
    for one in here.county.entries[PERSON]:
        one["_links"].pop("foreldre", None)
        one["_links"].pop("foreldreansvar", None)
        one.pop("kontaktinformasjon", None)
    here.send()
    assert here.connector.check() == []


def test_what_one_entry_has_is_there(here: Site) -> None:
    del here.county.find(ELEV, "ada-id")["feidenavn"]
    here.send()
    assert here.connector.check() == []


def test_empty_and_withheld_resources_are_told_of(here: Site) -> None:
    here.county.entries[MENTOR].clear()
    here.send()
    del here.double.caches["administrasjon/personal/personalressurs"]
    told = here.connector.check()
    assert [one.split()[0] for one in told] == [MENTOR, "administrasjon/personal/personalressurs"]
    here.change(may_be_empty=("kontaktlarergruppe",))
    assert len(here.connector.check()) == 1


def test_without_the_units_nobody_is_known_as_a_leader(here: Site) -> None:
    del here.double.caches["administrasjon/organisasjon/organisasjonselement"]
    (told,) = here.connector.check()
    assert told.startswith(
        "administrasjon/organisasjon/organisasjonselement is not there for us, so nobody is known as"
    )


def test_entries_without_self_links_are_told_of(here: Site) -> None:
    here.double.caches[STAFF]._entries = {
        "x": (1, b'{"systemId": {"identifikatorverdi": "1"}, "feidenavn": {"identifikatorverdi": "x"}}')
    }
    here.double.caches[STAFF]._order = None
    assert "a self link" in here.connector.check()[0]


@pytest.mark.parametrize("fault", ["rotated", "expired"])
def test_an_account_that_is_refused_is_one_sentence(here: Site, fault: str) -> None:
    here.faults.switch(fault)
    assert len(here.connector.check()) == 1


@pytest.mark.parametrize(("chosen", "asked"), [("auto", "klasse"), ("3", "basisgruppe"), ("4", "klasse")])
def test_the_model_is_asked_for_unless_the_config_says_it(here: Site, chosen: str, asked: str) -> None:
    here.double.full_sync(here.county.of_model_3())
    here.change(model=chosen)
    here.connector.check()
    assert [one for one in here.server.asked if one.path == f"/utdanning/elev/{asked}"]


def test_of_two_models_side_by_side_the_filled_one_is_read(here: Site) -> None:
    here.double.full_sync({**here.county.of_model_3(), "utdanning/elev/klasse": []})
    here.connector.check()
    assert [one for one in here.server.asked if one.path == "/utdanning/elev/basisgruppe"]


# -- links and dates --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("href", "told"),
    [
        ("https://api.felleskomponent.no/utdanning/elev/elev/systemid/E1", "systemid/E1"),
        ("https://API.felleskomponent.no/UTDANNING/Elev/Elev/SystemId/e1", "systemid/e1"),
        ("/utdanning/elev/elev/feidenavn/ada@lysvik.example", "feidenavn/ada@lysvik.example"),
        ("https://x/a/b/utdanning/elev/elev/systemid/1?x=2", "systemid/1"),
        ("https://x/utdanning/elev/elev/systemid/a%2Fb/c%20%C3%A6", "systemid/a/b/c æ"),
        ("https://x/utdanning/elev/elev/systemid/a%0Ab%09", "systemid/a%0Ab%09"),
        ("systemid/7", "systemid/7"),
        ("https://x/utdanning/elev/elev/systemid/", ""),
        ("https://x/utdanning/elev", ""),
        ("nonsense", ""),
        ("", ""),
    ],
)
def test_a_link_points_to_an_id_field_and_its_value(href: str, told: str) -> None:
    assert target_of(href) == told


def test_an_entry_is_known_by_its_system_id_if_access_control_leaves_it() -> None:
    assert own(["feidenavn/a", "systemid/1", "elevnummer/2"]) == "systemid/1"
    assert own(["feidenavn/a", "elevnummer/2"]) == "elevnummer/2"
    assert own([]) == ""


def test_keys_tell_kinds_apart_and_a_person_goes_by_her_number() -> None:
    assert key_of("elev", "systemid/1") == "fint/elev/1"
    assert key_of("skole", "systemid/1") == "fint/skole/1"
    assert key_of("elev", "elevnummer/1") == "fint/elev/elevnummer/1"
    assert key_of("person", "fodselsnummer/04831050034") == "fint/04831050034"


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("2026-08-17T12:00:00Z", "2026-08-17"),
        ("2026-08-16T22:00:00Z", "2026-08-17"),
        ("2026-12-31T23:00:00Z", "2027-01-01"),
        ("2026-08-17T00:00:00Z", "2026-08-17"),
        ("2026-08-17T00:00:00.000+0200", "2026-08-17"),
        ("9999-12-31T23:59:59Z", ""),
        ("0001-01-01T00:00:00Z", ""),
        ("", ""),
    ],
)
def test_a_moment_is_the_day_it_is_at_school(written: str, told: str) -> None:
    assert day(written, OSLO) == told


def test_periods_that_hold_together() -> None:
    assert together(("", ""), ("2026-08-17", ""), ("2026-09-01", "2027-01-01")) == ("2026-09-01", "2027-01-01")
    assert together() == ("", "")
    assert together(("2026-08-17", "snart"), ("", "2026-01-01")) == ("2026-08-17", "snart"), "nobody gets in by it"


def test_periods_that_follow_each_other() -> None:
    autumn, spring = ("2026-08-17", "2027-01-15"), ("2027-01-16", "2027-06-18")
    assert spanning([spring, autumn]) == ("2026-08-17", "2027-06-18")
    assert spanning([autumn, ("2027-01-16", "")]) == ("2026-08-17", "")
    assert spanning([("", ""), autumn]) == autumn
    assert spanning([]) == ("", "")
    assert spanning([autumn, ("2027-01-16", "snart")])[1] == "snart"
