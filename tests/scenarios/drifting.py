"""Looks at a town's LMS, tells what was found by name, and has it mended."""

from __future__ import annotations

from datetime import UTC, datetime

from rostersync.drift import MENDED
from rostersync.model import Group, Organisation
from rostersync.reconciling import Looked, Looking, repair
from tests.scenarios.town import AUTUMN, Town

NOW = datetime(2026, 10, 5, 12, 0, tzinfo=UTC)


def look(town: Town, calls: int = 500, *, listing: bool = False) -> Looked:
    """One look."""
    store = town.store()
    try:
        (looked,) = Looking(store, NOW, calls, listing, lambda *_: None).look(town.parts())
        return looked
    finally:
        store.close()


def found(town: Town) -> dict[str, tuple[str, str]]:
    """Name -> what was found of it, and the aspects."""
    names = {user.id: name for (name, _), user in town.known().items()}
    store = town.store()
    try:
        for one in (*store.known.objects("lms", "organisation"), *store.known.objects("lms", "group")):
            assert isinstance(one.value, Group | Organisation)
            names[one.id] = one.value.name
        return {names.get(one.id, one.id): (one.what, one.aspects) for one in store.drift.found("lms")}
    finally:
        store.close()


def mend(town: Town) -> int:
    """Mark everything found to be sent again; how many that are."""
    store = town.store()
    try:
        return repair(store, town.parts(), MENDED, AUTUMN, NOW).marked.total()
    finally:
        store.close()
