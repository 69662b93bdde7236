"""What a delivery refers to: as known says, with what is on its way laid over it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from msgspec.structs import replace

from rostersync.model import Delivery, Group, Life, Placed, User
from tests.scenarios.town import AUTUMN, Town


@pytest.fixture
def town(tmp_path: Path) -> Town:
    town = Town(tmp_path, target="memory")
    town.sync(AUTUMN)
    return town


@pytest.fixture
def users(town: Town) -> dict[str, User]:
    return {name: user for (name, _), user in town.known().items()}


def about(user: User, before: User | None = None, phase: int = 3) -> Delivery:
    return Delivery("user", user.id, phase, before, user, Life(), ())


def near(town: Town, *deliveries: Delivery) -> Iterator[dict[str, Placed]]:
    store = town.store()
    try:
        for told in store.near.around("lms", deliveries):
            yield {one.value.given_name if isinstance(one.value, User) else one.value.name: one for one in told.near}
    finally:
        store.close()


def test_a_pupil_has_her_places_her_guardian_and_the_guardians_other_children_near(
    town: Town, users: dict[str, User]
) -> None:
    (found,) = near(town, about(users["Kari"]))
    assert {"Nord skole", "7A", "Anne", "Per"} <= found.keys()
    assert isinstance(found["7A"].value, Group)
    assert found["Per"].value == users["Per"]
    assert not {"Ola", "Jon", "Siri"} & found.keys()


def test_a_guardian_has_her_children_near(town: Town, users: dict[str, User]) -> None:
    (found,) = near(town, about(users["Anne"]))
    assert {name for name, one in found.items() if users["Anne"].id in getattr(one.value, "guardians", ())} == {
        "Kari",
        "Per",
    }


def test_what_is_on_its_way_counts_already(town: Town, users: dict[str, User]) -> None:
    alone = replace(users["Per"], guardians=())
    store = town.store()
    try:
        store.runs.start("run-9", "oslo", "sync", datetime.now(UTC))
        store.outbox.put("lms", "run-9", [about(alone, before=users["Per"], phase=0)])
    finally:
        store.close()
    (found,) = near(town, about(users["Kari"]))
    assert "Anne" in found
    assert "Per" not in found


def test_many_deliveries_keep_their_order_and_each_has_its_own(town: Town, users: dict[str, User]) -> None:
    kari, ola = near(town, about(users["Kari"]), about(users["Ola"]))
    assert ("Anne" in kari, "Jon" in kari) == (True, False)
    assert ("Anne" in ola, "Jon" in ola) == (False, True)
