"""The contract of targets, kept by itslearning against a site of the lab."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from rostersync.lab.doubles.itslearning import LmsPerson
from rostersync.targets import Target
from tests.targets.contract import EVERYBODY, LINKED, SUSPENDED, TEACHER, Seen, SeenUser, moved, removed
from tests.targets.itslearning_site import Lab, lab
from tests.targets.observing import ObservingContract


class TestItslearning(ObservingContract):
    made: list[Target]
    disabled = "lost"  # in the trash
    linked = "guardian"  # links are hers
    excuse = "it fails"

    @pytest.fixture(autouse=True)
    def _site(self, tmp_path: Path) -> Iterator[None]:
        self.made = []
        with lab(tmp_path) as self.lab:
            yield
        for target in self.made:
            target.close()

    lab: Lab

    def make(self, place: Path) -> Target:
        target = self.lab.target(national_number="CustomString1")
        self.made.append(target)
        return target

    def seen(self, target: Target, place: Path) -> Seen:
        site = self.lab.site
        standing = {key: one for key, one in site.groups.items() if not one.trashed}
        kinds = {key: "owner" if key == site.root else key for key, one in standing.items()}
        schools = {kinds[key] for key, one in standing.items() if one.kind in ("Site", "School")}
        groups = {key for key, one in standing.items() if one.kind not in ("Site", "School")}
        users = {key: self._user(key, person, groups) for key, person in site.persons.items()}
        return Seen(frozenset(schools), frozenset(groups), users)

    def _user(self, key: str, person: LmsPerson, groups: set[str]) -> SeenUser:
        active = self.lab.site.active()
        agents = {child for child in person.children if key in active}
        agents |= {other for other, one in active.items() if key in one.children}
        classes = {one.group for one in self.lab.site.groups_of(key) if one.group in groups}
        return SeenUser(not person.trashed, person.first, frozenset(classes), frozenset(agents))

    def adoptable(self, target: Target, *keys: str) -> None:
        for key in keys:
            self.lab.site.persons[key] = LmsPerson("By", "Hand", "Pupil", login=f"hand-{key}")

    # -- where this LMS is another ----------------------------------------------------------------------------------

    def test_a_removed_user_is_gone_and_removing_again_is_harmless(self, target: Target, place: Path) -> None:
        """In the trash, that is: only the site's administrator can delete her for good."""
        assert not target.deletes
        self.deliver(target, *EVERYBODY)
        for _ in range(2):
            outcomes = self.deliver(target, removed(TEACHER))
            assert [outcome.delivered for outcome in outcomes] == [True]
            assert set(self.lab.site.active()) == {"guardian", "pupil"}

    def test_existing_users_are_listed_with_what_recognises_them(self, target: Target) -> None:
        """Those in the trash are not: nobody has seen the service list them."""
        self.deliver(target, *EVERYBODY)
        users = {user.target_key: user for user in target.existing()}
        assert (users["pupil"].national_number, users["pupil"].login) == ("05810890051", "ase")
        self.deliver(target, moved(LINKED, SUSPENDED, phase=5))
        assert {user.target_key for user in target.existing()} == {"guardian", "teacher"}

    @contextmanager
    def taking_nothing(self) -> Iterator[None]:
        """Nothing of ours is written here; a site that fails is what can happen instead."""
        self.lab.server.faults.switch("503")
        yield
        self.lab.server.faults.clear()
