"""The lab's itslearning: it keeps what it holds from one day to the next, shows it, and has faults of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from urllib.request import urlopen

from rostersync.credentials import Secret
from rostersync.lab.doubles.itslearning import LmsPerson, Site, page
from rostersync.lab.doubles.itslearning.site import LmsGroup, LmsMembership
from rostersync.lab.services import PASSWORD, ROOT, world_of
from rostersync.lab.serving import Switch, serving
from rostersync.targets.itslearning import Itslearning, Settings
from tests.targets.contract import EVERYBODY, LINKED, SUSPENDED, moved, roster_of, with_near


@contextmanager
def lms_of_the_lab(folder: Path, *faults: Switch) -> Iterator[str]:
    with serving(world_of("S", 1, 42), folder, datetime.now(UTC), program=None, faults=faults) as served:
        yield next(one.url for one in served if one.part == "target")


def target_at(url: str, folder: Path) -> Itslearning:
    secret = folder / "password"
    secret.touch(mode=0o600)
    secret.write_text(PASSWORD)
    password = Secret("file", str(secret), "target.lms.password")
    return Itslearning("lms", Settings(url=url, user="rostersync", password=password, root=ROOT))


def shown(url: str) -> str:
    with urlopen(url, timeout=5) as answer:  # noqa: S310 - the lab's own
        text: str = answer.read().decode()
        return text


def test_on_another_day_it_has_what_it_was_given_and_its_trash(tmp_path: Path) -> None:
    school = [*EVERYBODY, moved(LINKED, SUSPENDED, phase=5)]
    with lms_of_the_lab(tmp_path) as url:
        assert "0 users" in shown(url)
        target = target_at(url, tmp_path)
        outcomes = list(target.deliver(with_near(school, roster_of(school)), roster_of(school)))
        target.close()
        assert [one.reason for one in outcomes if not one.delivered] == []
        before = shown(url)
    assert "2 users: 1 Parent, 1 Staff" in before
    assert "Åse Lie, Pupil" in before.partition("1 in the trash")[2]
    with lms_of_the_lab(tmp_path) as url:
        assert shown(url) == before


def test_its_faults_are_switched_on_by_name(tmp_path: Path) -> None:
    with lms_of_the_lab(tmp_path, Switch("itslearning", "unread"), Switch("itslearning", "no_portal")) as url:
        target = target_at(url, tmp_path)
        assert any("readAllPersons" in one for one in target.check())
        outcomes = list(target.deliver(with_near(EVERYBODY, roster_of(EVERYBODY)), roster_of(EVERYBODY)))
        target.close()
    assert any("no guardian can be linked" in one.reason or "made no link" in one.reason for one in outcomes)


def test_a_person_has_one_home_and_a_login_one_person() -> None:
    site = Site()
    site.groups |= {key: LmsGroup(key, site.root, "School") for key in ("north", "south")}
    site.put_person("kari", LmsPerson("Kari", "Lund", "Student", login="kari"), replaces=False)
    for school in ("north", "south", "north"):
        site.put_membership(f"kari/{school}", LmsMembership(school, "kari", "Learner", home=True))
        assert [one.group for one in site.memberships.values() if one.home] == [school]
    other = LmsPerson("Per", "Lund", "Student", login="kari")
    assert site.put_person("per", other, replaces=False).major == "failure"
    site.put_person("kari", LmsPerson("Kari", "Lund", "Student", login="kari.lund"), replaces=False)
    assert site.put_person("per", other, replaces=False).major == "success"


def test_a_long_trash_is_cut() -> None:
    site = Site()
    for number in range(60):
        site.persons[str(number)] = LmsPerson(f"P{number:02}", "Lie", "Pupil", trashed=True)
    assert "60 in the trash" in page(site)
    assert page(site).rstrip().endswith("and 10 more")
