"""Taking over a site that is in use: whose each account is by key, number and login, and what becomes of it from then on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from rostersync.adoption import Adoption, Taken, adoption, confirm_adoption
from rostersync.errors import NotOurs
from rostersync.lab.doubles.itslearning.site import LmsGroup, LmsMembership, LmsPerson
from rostersync.lab.doubles.moodle import Moodle
from rostersync.lab.doubles.moodle.tables import Account
from rostersync.lab.doubles.server import Server
from tests.scenarios.drifting import found, look
from tests.scenarios.test_itslearning import children, same_as_known, town_at
from tests.scenarios.test_moodle import TOKEN, MoodleTown
from tests.scenarios.town import AUTUMN, SOURCE, Town
from tests.targets.itslearning_site import Lab, lab

NEXT = AUTUMN + timedelta(days=1)


def shown(town: Town, listed: str = "", *, rekey: bool = False) -> Adoption:
    store = town.store()
    try:
        return adoption(store, town.parts(), AUTUMN, listed or None, "keys.csv", rekey=rekey)
    finally:
        store.close()


def confirmed(town: Town, made: Adoption, listed: str = "", *, rekey: bool = False) -> Taken:
    store = town.store()
    try:
        return confirm_adoption(store, town.parts(), AUTUMN, made.digest, listed or None, "keys.csv", rekey=rekey)
    finally:
        store.close()


def whose(made: Adoption) -> dict[str, tuple[str, str]]:
    """The LMS's key -> given name of whom it is, and how she was found."""
    return {match.target_key: (match.user.given_name, match.by) for match in made.matched}


# -- itslearning ----------------------------------------------------------------------------------------------------


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Lab]:
    with lab(tmp_path) as made:
        yield made


@pytest.fixture
def town(tmp_path: Path, site: Lab) -> Iterator[Town]:
    """A site that another integration filled, before our first delivery."""
    town = town_at(tmp_path, site.server)
    town.world.change("eva", feide="eva@lysvik.example")
    number = {"CustomString1": town.world.people["kari"].number}
    for key, told in {
        "ist-1": LmsPerson("Kary", "Lund", "Student", login="kari.l", fields=number),
        "ist-2": LmsPerson("Eva M.", "Dahl", "Staff", login="Eva@lysvik.example"),
        "ist-3": LmsPerson("Jon", "Moe", "Carer", login="jon.moe"),
        "ist-4": LmsPerson("Somebody", "Else", "Staff", login="else"),
    }.items():
        site.site.put_person(key, told, replaces=False)
    site.site.put_group("ist-school", LmsGroup("Nord skole", site.site.root, "School"))
    site.site.put_membership("old", LmsMembership("ist-school", "ist-4", "Instructor"))
    town.plan(AUTUMN)
    yield town
    town.parts().target("lms").target.close()


LISTED = f"target_key,key\nist-3,{SOURCE}/far\n"


def test_nothing_is_delivered_to_a_site_in_use_before_somebody_adopts(town: Town, site: Lab) -> None:
    before = dict(site.site.persons)
    with pytest.raises(NotOurs):
        town.sync(AUTUMN)
    assert site.site.persons == before


def test_itslearnings_users_are_found_by_list_number_and_login_and_keep_their_keys(town: Town, site: Lab) -> None:
    made = shown(town, LISTED)
    assert whose(made) == {
        "ist-1": ("Kari", "national number"),
        "ist-2": ("Eva", "login"),
        "ist-3": ("Jon", "list"),
    }
    assert (made.unmatched, made.doubtful) == (1, 0)
    assert confirmed(town, made, LISTED).adopted == 3
    assert town.sync(AUTUMN).code == 0
    assert site.site.persons["ist-1"].first == "Kari"
    assert children(site, "Jon") == {"Ola", "Siri"}
    assert children(site, "Anne") == {"Kari", "Per"}, "a link leads to the key that an adopted pupil has"
    assert [one.first for one in site.site.persons.values()].count("Kari") == 1
    assert site.site.memberships["old"].person == "ist-4"
    assert site.site.persons["ist-4"].first == "Somebody"
    look(town)
    assert found(town) == {}


def test_an_adopted_user_goes_to_the_trash_and_comes_back_under_the_key_she_had(town: Town, site: Lab) -> None:
    confirmed(town, shown(town))
    town.sync(AUTUMN)
    kari = town.world.people["kari"]
    ties = [tie for tie in town.world.ties if tie.person == "kari"]
    town.world.drop("kari")
    town.sync(NEXT)
    assert site.site.persons["ist-1"].trashed
    town.world.put(kari, *ties)
    town.sync(NEXT + timedelta(days=1))
    assert not site.site.persons["ist-1"].trashed
    assert site.site.created["ist-1"] == 1


def test_a_state_that_was_lost_finds_all_its_users_again_by_our_ids(tmp_path: Path, site: Lab) -> None:
    for number in ("first", "second"):
        (tmp_path / number).mkdir()
    before = town_at(tmp_path / "first", site.server)
    before.sync(AUTUMN)
    town = town_at(tmp_path / "second", site.server)
    town.plan(AUTUMN)
    made = shown(town)
    assert {by for _, by in whose(made).values()} == {"our id"}
    assert len(made.matched) == len(site.site.persons)
    confirmed(town, made)
    assert town.sync(AUTUMN).code == 0
    assert same_as_known(town, site)
    for one in (before, town):
        one.parts().target("lms").target.close()


# -- Moodle -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def school(tmp_path: Path) -> Iterator[MoodleTown]:
    """A Moodle that somebody filled by hand and from a personnel system."""
    double = Moodle(TOKEN)
    with Server(double) as server:
        double.url = server.url
        town = MoodleTown(tmp_path, double, server.url)
        town.world.change("eva", feide="eva@lysvik.example")
        kari = (("fodselsnummer", town.world.people["kari"].number),)
        for login, idnumber, fields in (
            ("kari.l", "", kari),
            ("eva@lysvik.example", "hr-17", ()),
            ("jon.moe", "hr-18", ()),
            ("else", "hr-19", ()),
        ):
            key = double.site.tables.number()
            one = Account(key, login, f"{login.partition('@')[0]}@example.no", "En", "Annen", idnumber, fields=fields)
            double.site.tables.accounts[key] = one
        town.plan(AUTUMN)
        yield town
        town.close()


MOODLE_LISTED = f"target_key,key\nhr-18,{SOURCE}/far\n"


def accounts(school: MoodleTown) -> dict[str, Account]:
    """Given name -> her account."""
    return {one.firstname: one for one in school.double.site.tables.living()}


def test_moodles_accounts_are_found_and_get_our_ids_where_they_had_none(school: MoodleTown) -> None:
    before = {one.username: one.id for one in school.double.site.tables.living()}
    made = shown(school, MOODLE_LISTED)
    assert whose(made) == {
        f"#{before['kari.l']}": ("Kari", "national number"),
        "hr-17": ("Eva", "login"),
        "hr-18": ("Jon", "list"),
    }
    confirmed(school, made, MOODLE_LISTED)
    school.sync(AUTUMN)
    after = accounts(school)
    assert after["Kari"].id == before["kari.l"]
    assert len(after["Kari"].idnumber) == 32
    # these two have ID numbers of the personnel system, which are nobody's to take without being asked
    assert {one.idnumber for one in school.double.site.tables.living()} >= {"hr-17", "hr-18", "hr-19"}


def test_with_rekey_moodles_accounts_get_our_ids_in_place_of_what_they_had(school: MoodleTown) -> None:
    made = shown(school, MOODLE_LISTED, rekey=True)
    taken = confirmed(school, made, MOODLE_LISTED, rekey=True)
    assert (taken.adopted, taken.rekeyed, taken.kept) == (3, 3, {})
    assert school.sync(AUTUMN).code == 0
    there = school.double.site.tables.living()
    assert {one.username for one in there if one.idnumber.startswith("hr-")} == {"else"}
    assert accounts(school)["Eva"].username == "eva@lysvik.example"
    look(school)
    assert found(school) == {}


def test_an_account_that_went_meanwhile_keeps_its_key_and_is_told(school: MoodleTown) -> None:
    target = school.parts().target("lms").target
    told = list(target.rekey([("hr-17", "a" * 32), ("hr-99", "b" * 32), ("hr-18", "hr-19")]))  # type: ignore[attr-defined]
    assert [bool(one.reason) for one in told] == [False, True, True]
    assert "no account with that key" in told[1].reason
    assert "another account in Moodle has our id" in told[2].reason
