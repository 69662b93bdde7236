"""Stories of an itslearning site: a whole town from its school system into the LMS, night after night."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from rostersync.errors import TryLater
from rostersync.lab.doubles.itslearning import ItslearningDouble, LmsPerson
from rostersync.lab.doubles.itslearning import Site as LmsSite
from rostersync.lab.doubles.itslearning.site import LmsGroup, LmsMembership
from rostersync.lab.doubles.server import Asked, Server, Told
from rostersync.resyncing import Scope, resync
from tests.scenarios.test_guardians import decide
from tests.scenarios.town import AUTUMN, Human, Tied, Town
from tests.targets.itslearning_site import PASSWORD, ROOT_KEY, Lab, lab

NEXT = AUTUMN + timedelta(days=1)
SOON = '[sync.oslo.departed.guardian]\nsuspend_after = "0d"\n[sync.oslo.departed.pupil]\nsuspend_after = "0d"\nremove_after = "30d"\n'


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Lab]:
    with lab(tmp_path) as made:
        yield made


@pytest.fixture
def town(tmp_path: Path, site: Lab) -> Iterator[Town]:
    town = town_at(tmp_path, site.server)
    assert town.sync(AUTUMN).code == 0
    yield town
    town.parts().target("lms").target.close()


def town_at(folder: Path, server: Server) -> Town:
    """A town that delivers to a site."""
    home = folder / "home"
    home.mkdir()
    (home / "ims").write_text(PASSWORD)
    (home / "ims").chmod(0o600)
    place = f"""url = "{server.url}"
user = "rostersync"
password = {{ file = "ims" }}
root = "{ROOT_KEY}"
batch = 3
connections = 2
patience = "off"
national_number = "CustomString1\""""
    return Town(home, target="itslearning", place=place, extra=SOON)


def person(site: Lab, name: str) -> LmsPerson:
    return next(one for one in site.site.persons.values() if one.first == name)


def children(site: Lab, name: str) -> set[str]:
    return {site.site.persons[key].first for key in person(site, name).children}


def groups(site: Lab, name: str) -> dict[str, str]:
    """The titles of the places she is in, with her role there."""
    key = next(key for key, one in site.site.persons.items() if one.first == name)
    return {site.site.groups[one.group].title: one.role for one in site.site.groups_of(key)}


def same_as_known(town: Town, site: Lab) -> bool:
    """Whether the site holds the users, groups and links that the state says, and nobody twice."""
    known = town.known().values()
    active = site.site.active()
    links = {(guardian, user.id) for user in known for guardian in user.guardians}
    assert all(count == 1 for count in site.site.created.values())
    return {user.id for user in known if user.enabled} == active.keys() and links == {
        (key, child) for key, one in active.items() for child in one.children
    }


def test_a_town_arrives_whole(town: Town, site: Lab) -> None:
    assert same_as_known(town, site)
    assert {one.title for one in site.site.groups.values()} >= {"Nord skole", "Sør skole", "7A", "Alle elever"}
    assert person(site, "Anne").profile == "Parent"
    assert person(site, "Anne").email == "anne@home.example"
    assert children(site, "Anne") == {"Kari", "Per"}
    assert groups(site, "Eva")["7A"] == "Instructor"
    assert groups(site, "Kari")["Nord skole"] == "Learner"
    assert [
        one.group for one in site.site.memberships.values() if one.home and site.site.groups[one.group].kind != "School"
    ] == []


def test_nothing_is_asked_when_nothing_has_changed(town: Town, site: Lab) -> None:
    before = len(site.server.asked)
    assert town.sync(NEXT).code == 0
    assert len(site.server.asked) == before


def test_a_denied_guardian_loses_one_child_first_of_all_and_keeps_the_other(town: Town, site: Lab) -> None:
    decide(town, "deny", "kari", "mor")
    town.world.change("ola", family="Ås")
    site.server.asked.clear()
    town.sync(NEXT)
    assert site.operations()[0] == "replacePersons"
    assert children(site, "Anne") == {"Per"}
    assert person(site, "Anne").email == "anne@home.example"
    assert same_as_known(town, site)


def test_whoever_leaves_is_in_the_trash_and_comes_back_as_the_same_user(town: Town, site: Lab) -> None:
    (key,) = (key for key, one in site.site.persons.items() if one.first == "Siri")
    town.world.drop("siri")
    town.sync(NEXT)
    assert site.site.persons[key].trashed
    assert groups(site, "Siri") == {}
    town.world.put(
        Human("siri", "Siri", "Aas", date(2020, 1, 5), guardians=("far",)), Tied("south", "siri"), Tied("1S", "siri")
    )
    town.sync(NEXT + timedelta(days=1))
    assert not site.site.persons[key].trashed
    assert "1S" in groups(site, "Siri")
    assert "Siri" in children(site, "Jon")
    assert same_as_known(town, site)


def test_a_guardian_who_comes_back_follows_only_the_children_of_today(town: Town, site: Lab) -> None:
    town.world.change("kari", guardians=()).change("per", guardians=())
    town.sync(NEXT)
    assert person(site, "Anne").trashed
    # What the trash keeps comes back with her.
    key = next(key for key, one in site.site.persons.items() if one.first == "Anne")
    everybody = frozenset(key for key, one in site.site.persons.items() if one.first in ("Kari", "Per"))
    site.site.persons[key] = LmsPerson("Anne", "Lund", "Parent", login="anne", children=everybody, trashed=True)
    town.world.change("per", guardians=("mor",))
    town.sync(NEXT + timedelta(days=1))
    assert children(site, "Anne") == {"Per"}
    assert same_as_known(town, site)


def test_a_permanent_removal_is_handed_over_and_nothing_is_deleted_for_good(town: Town, site: Lab) -> None:
    town.world.drop("siri")
    town.sync(NEXT)
    late = NEXT + timedelta(days=40)
    report = town.sync(late)
    decided = town.store()
    try:
        now = datetime(late.year, late.month, late.day, 12, tzinfo=UTC)
        decided.approvals.approve(
            report.removal.digest, "oslo", "the period is over", "test", now, now + timedelta(days=7)
        )
    finally:
        decided.close()
    assert town.sync(late + timedelta(days=1)).code == 0
    store = town.store()
    try:
        (waiting,) = store.known.by_state("lms", "handed_over")
    finally:
        store.close()
    assert site.site.persons[waiting.id].trashed
    assert town.sync(late + timedelta(days=2)).code == 0


def test_an_answer_lost_after_the_lms_acted_leaves_nothing_twice(town: Town, site: Lab) -> None:
    town.world.put(
        Human("nils", "Nils", "Vik", date(2014, 5, 5), guardians=("mor",)), Tied("north", "nils"), Tied("7A", "nils")
    )
    site.server.faults.switch("cut", times=2)
    codes = [town.sync(NEXT).code, town.sync(NEXT + timedelta(days=1)).code]
    assert codes[-1] == 0
    assert children(site, "Anne") == {"Kari", "Per", "Nils"}
    assert same_as_known(town, site)


def test_a_site_that_lost_everything_has_it_again_after_a_resync(town: Town, site: Lab) -> None:
    def holds() -> tuple[dict[str, LmsPerson], dict[str, LmsGroup], dict[str, LmsMembership]]:
        """The LMS makes up the logins by itself."""
        people = {key: replace(one, login="") for key, one in site.site.persons.items()}
        return people, dict(site.site.groups), dict(site.site.memberships)

    held = holds()
    site.site.persons.clear()
    site.site.memberships.clear()
    for key in held[1].keys() - {ROOT_KEY}:
        del site.site.groups[key]
    store = town.store()
    try:
        sent = resync(store, town.parts(), Scope(), lambda _step, _done: None)
        assert (sent.failed, sent.delivered) == (0, store.known.count("lms"))
    finally:
        store.close()
    assert holds() == held


def test_a_site_that_asks_for_fewer_calls_gets_them_in_the_same_run_and_nobody_is_given_up(
    town: Town, site: Lab
) -> None:
    for number in range(3):
        town.world.put(Human(f"n{number}", f"Nora{number}", "Vik"), Tied("7A", f"n{number}"))
    site.server.faults.switch("429", times=3)
    assert town.sync(NEXT).code == 0
    assert same_as_known(town, site)


class Unlucky:
    """A site behind a bad line: some calls fail by chance, and some are carried out without an answer."""

    def __init__(self, double: ItslearningDouble, seed: int) -> None:
        self.double = double
        self.dice = random.Random(seed)

    def answer(self, asked: Asked) -> Told:
        thrown = self.dice.random()
        if thrown < 0.10:
            return Told(b"busy", status=503)
        told = self.double.answer(asked)
        return Told(b"lost", status=502) if thrown < 0.15 else told


@pytest.mark.parametrize("seed", range(3))
def test_whatever_is_lost_on_the_way_the_site_ends_as_wanted_with_nobody_twice(tmp_path: Path, seed: int) -> None:
    double = ItslearningDouble(LmsSite(ROOT_KEY), password=PASSWORD)
    with Server(Unlucky(double, seed)) as server:
        town = town_at(tmp_path, server)
        site = Lab(double, server, tmp_path)
        nights = iter(range(60))
        until_done(town, nights)
        decide(town, "deny", "kari", "mor")
        town.world.drop("siri").change("ola", family="Ås").untie("per", "7A").put(Tied("7B", "per"))
        until_done(town, nights)
        assert same_as_known(town, site)
        assert children(site, "Anne") == {"Per"}
        assert {title for title in groups(site, "Per") if title.startswith("7")} == {"7B"}
        town.parts().target("lms").target.close()


def until_done(town: Town, nights: Iterator[int]) -> None:
    """Night after night, as long as something has not arrived."""
    assert any(_is_done(town, AUTUMN + timedelta(days=night)) for night in nights)


def _is_done(town: Town, on: date) -> bool:
    try:
        return town.sync(on).code == 0
    except TryLater:  # the site could not even be read
        return False
