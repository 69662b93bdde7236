"""Stories of what people change by hand in itslearning: found by a walk within its calls, shown, and mended where asked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from rostersync.errors import TargetUnavailable
from rostersync.lab.doubles.itslearning.site import LmsMembership, LmsPerson
from rostersync.reconciling import Looked
from tests.scenarios.drifting import found, look, mend
from tests.scenarios.test_itslearning import children, groups, person, same_as_known, town_at
from tests.scenarios.town import AUTUMN, Town
from tests.targets.itslearning_site import Lab, lab

NEXT = AUTUMN + timedelta(days=1)


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


def key_of(site: Lab, name: str) -> str:
    return next(key for key, one in site.site.persons.items() if one.first == name)


def by_hand(site: Lab, name: str, **values: object) -> None:
    key = key_of(site, name)
    site.site.persons[key] = replace(site.site.persons[key], **values)  # type: ignore[arg-type]


def test_after_a_delivery_nothing_differs(town: Town, site: Lab) -> None:
    looked = look(town)
    assert (looked.compared, looked.silent, found(town)) == (looked.held, False, {})


def test_somebody_who_was_put_into_the_trash_by_hand_is_found_and_mended(town: Town, site: Lab) -> None:
    site.site.trash_person(key_of(site, "Kari"))
    look(town)
    assert found(town)["Kari"] == ("lost", "")
    mend(town)
    assert town.sync(NEXT).code == 0
    assert not person(site, "Kari").trashed
    assert same_as_known(town, site)
    look(town)
    assert found(town) == {}


def test_a_guardian_who_was_deleted_for_good_comes_back_with_her_children(town: Town, site: Lab) -> None:
    key = key_of(site, "Anne")
    del site.site.persons[key]
    site.site.memberships = {id_: one for id_, one in site.site.memberships.items() if one.person != key}
    look(town)
    assert found(town)["Anne"] == ("lost", "")
    mend(town)
    town.sync(NEXT)
    assert children(site, "Anne") == {"Kari", "Per"}
    look(town)
    assert found(town) == {}


def test_what_somebody_changed_by_hand_is_shown_by_its_name_and_mended(town: Town, site: Lab) -> None:
    by_hand(site, "Ola", first="Olav")
    by_hand(site, "Anne", children=frozenset({key_of(site, "Kari"), key_of(site, "Siri")}))
    per = key_of(site, "Per")
    site.site.memberships = {id_: one for id_, one in site.site.memberships.items() if one.person != per}
    class_7a = next(key for key, one in site.site.groups.items() if one.title == "7A")
    site.site.groups[class_7a] = site.site.groups[class_7a]._replace(title="Sju A")
    look(town)
    assert found(town) == {
        "Ola": ("changed", "given_name"),
        "Anne": ("changed", "wards lost, wards added"),
        "Per": ("changed", "memberships lost"),
        "7A": ("changed", "title"),
    }
    assert mend(town) == 4
    assert town.sync(NEXT).code == 0
    assert children(site, "Anne") == {"Kari", "Per"}
    assert "7A" in groups(site, "Per")
    assert person(site, "Ola").first == "Ola"
    look(town)
    assert found(town) == {}


def test_a_membership_made_by_hand_is_shown_and_stays(town: Town, site: Lab) -> None:
    class_7b = next(key for key, one in site.site.groups.items() if one.title == "7B")
    site.site.put_membership("by hand", LmsMembership(class_7b, key_of(site, "Kari"), "Learner"))
    look(town)
    assert found(town) == {"Kari": ("changed", "memberships added")}
    mend(town)
    assert town.sync(NEXT).code == 0
    assert "by hand" in site.site.memberships


def test_whoever_is_in_the_trash_by_our_doing_is_not_missed_and_seen_when_somebody_takes_her_out(
    town: Town, site: Lab
) -> None:
    key = key_of(site, "Siri")
    town.world.drop("siri")
    assert town.sync(NEXT).code == 0
    look(town)
    assert found(town) == {}
    site.site.put_person(key, LmsPerson("Siri", "Aas", "Student", login="siri"), replaces=False)
    look(town)
    assert found(town)["Siri"] == ("enabled", "enabled")
    mend(town)
    town.sync(NEXT + timedelta(days=1))
    assert site.site.persons[key].trashed


def test_a_look_keeps_to_its_calls_and_goes_on_where_it_was(town: Town, site: Lab) -> None:
    nights = 0
    looked = Looked("lms", 0)
    site.site.trash_person(key_of(site, "Kari"))
    while not (looked.place and looked.place.ended_at):
        before = len(site.server.asked)
        looked = look(town, calls=8)
        assert len(site.server.asked) - before <= 8
        nights += 1
        assert nights < 30
    assert nights > 3
    assert found(town) == {"Kari": ("lost", "")}


def test_who_has_no_sync_id_or_one_of_others_is_a_stranger_when_listed(town: Town, site: Lab) -> None:
    site.site.persons["by-hand"] = LmsPerson("By", "Hand", "Pupil", login="hand")
    looked = look(town, listing=True)
    assert looked.strangers == ["by-hand"]


@pytest.mark.parametrize("operation", ["readPersons", "readGroups", "readMembershipsForPerson"])
def test_a_site_that_does_not_let_itself_be_read_loses_nobody(town: Town, site: Lab, operation: str) -> None:
    site.double.unread = {operation}
    with pytest.raises(TargetUnavailable, match=f"{operation}: the site refuses it"):
        look(town)
    assert found(town) == {}
