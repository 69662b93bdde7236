"""Stories of people whose neighbours must be told with them: what Canvas and a reader of delta files end up with is what we know.

A link stands on the pupil, and names a guardian who has not changed at all; a role depends on a group that nobody touched.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace as with_parts
from datetime import date, timedelta
from pathlib import Path

import pytest

from rostersync.adoption import adoption, confirm_adoption
from rostersync.targets.canvas import Canvas
from tests.scenarios.test_guardians import decide
from tests.scenarios.town import AUTUMN, SOURCE, Human, Tied, Town
from tests.targets.canvas_site import Lab
from tests.targets.ims_file import Site, imported

SOON = '[sync.oslo.departed.guardian]\nsuspend_after = "0d"\n[sync.oslo.departed.pupil]\nsuspend_after = "0d"\n'
NILS = Human("nils", "Nils", "Lund", date(2014, 5, 5), guardians=("mor",))
SIRI = (Tied("south", "siri"), Tied("1S", "siri"))


def nights(town: Town) -> Iterator[date]:
    """Night after night something happens that concerns somebody beside the one whom the sources change."""
    on = iter(AUTUMN + timedelta(days=number) for number in range(20))
    yield next(on)
    town.world.put(NILS, Tied("north", "nils"), Tied("7A", "nils"))  # a third child of a mother who stays as she is
    yield next(on)
    decide(town, "deny", "kari", "mor")
    yield next(on)
    siri = town.world.people["siri"]
    town.world.drop("siri").change("ola", guardians=())  # their father follows nobody any more
    yield next(on)
    town.world.put(siri, *SIRI).change("ola", guardians=("far",))
    yield next(on)
    town.world.change("mor", family="Lund-Aas", email="new@home.example").untie("per", "7A")
    yield next(on)


# -- delta files ------------------------------------------------------------------------------------------------------


@pytest.fixture
def reader(tmp_path: Path) -> Town:
    return Town(tmp_path, target="ims_enterprise", place='directory = "out"\nmode = "delta"', extra=SOON)


def read(town: Town) -> Site:
    return imported(sorted((town.home / "out").glob("*.xml")))


def test_a_reader_of_deltas_has_every_link_and_nobody_elses(reader: Town) -> None:
    for on in nights(reader):
        assert reader.sync(on).code == 0
        site, known = read(reader), [user for user in reader.known().values() if user.enabled]
        assert {key for key, one in site.persons.items() if one.enabled} == {user.id for user in known}
        assert {user.id: set(user.guardians) for user in known} == {
            user.id: set(site.persons[user.id].guardians) for user in known
        }
        for user in known:
            wanted = {at.school for at in user.schools} | {tie.group for tie in user.memberships}
            assert site.groups_of(user.id).keys() == wanted


def test_a_delta_names_a_guardian_who_is_not_in_it(reader: Town) -> None:
    told = nights(reader)
    reader.sync(next(told))
    before = set((reader.home / "out").glob("*.xml"))
    reader.sync(next(told))
    text = "".join(path.read_text(encoding="utf-8") for path in set((reader.home / "out").glob("*.xml")) - before)
    mother = reader.known()["Anne", "guardian"].id
    assert "<family>Lund</family><given>Nils</given>" in text
    assert "<given>Anne</given>" not in text
    assert f"<id>{mother}</id>" in text


# -- Canvas -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def canvas(tmp_path: Path) -> Iterator[tuple[Town, Lab]]:
    """A Canvas with a mother in it whom somebody else's import made."""
    lab = Lab(tmp_path)
    with lab.server:
        names = {"first_name": "Anna", "last_name": "Lund", "email": "", "authentication_provider_id": ""}
        row = {"user_id": "sis-anne", "login_id": "anne.l", "status": "active", **names}
        lab.site.tables["users"]["sis-anne",] = row
        place = f'url = "{lab.server.url}"\ntoken = {{ file = "token" }}'
        home = tmp_path / "home"
        home.mkdir()
        (home / "token").touch(mode=0o600)
        town = Town(home, target="canvas", place=place, extra=SOON)
        (part,) = town.parts().targets
        target: Canvas = lab.target()
        town._parts = with_parts(town.parts(), targets=(with_parts(part, target=target),))
        town.plan(AUTUMN)
        adopt(town, f"target_key,key\nsis-anne,{SOURCE}/mor\n")
        yield town, lab


def adopt(town: Town, listed: str) -> None:
    store = town.store()
    try:
        made = adoption(store, town.parts(), AUTUMN, listed, "keys.csv")
        assert confirm_adoption(store, town.parts(), AUTUMN, made.digest, listed, "keys.csv").adopted == 1
    finally:
        store.close()


def keys(town: Town) -> dict[str, str]:
    """Our id -> the LMS's key."""
    store = town.store()
    try:
        return {one.id: one.target_key or one.id for one in store.known.objects("lms", "user")}
    finally:
        store.close()


def test_canvas_has_every_link_under_the_keys_that_it_knows(canvas: tuple[Town, Lab]) -> None:
    town, lab = canvas
    for on in nights(town):
        assert town.sync(on).code == 0
        key, known = keys(town), [user for user in town.known().values() if user.enabled]
        there = {row["user_id"] for row in lab.site.active("users") if row["status"] == "active"}
        assert there == {key[user.id] for user in known}
        links = {(row["observer_id"], row["student_id"]) for row in lab.site.active("user_observers")}
        wanted = {(key[guardian], key[user.id]) for user in known for guardian in user.guardians}
        assert {link for link in links if set(link) <= there} == wanted
        enrolled = {(row["user_id"], row["section_id"]) for row in lab.site.active("enrollments")}
        assert {pair for pair in enrolled if pair[0] in there} == {
            (key[user.id], tie.group) for user in known for tie in user.memberships if tie.role != "guardian"
        }
    assert any("sis-anne" in link for link in links)
