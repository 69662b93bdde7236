"""Two syncs may read one source: what one of them takes in reaches the other's LMS too."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from rostersync import run as runs
from rostersync.assembly import assemble
from rostersync.report import RunReport
from tests.scenarios.town import AUTUMN, Town

DAY = timedelta(days=1)
SECOND = """[target.other]
type = "memory"
path = "out/other.jsonl"
deliver = true
[sync.bergen]
from = ["everyday"]
to = ["other"]
roles = "ROLES"
"""


def test_what_one_sync_takes_in_the_other_delivers_too(tmp_path: Path) -> None:
    town = Town(tmp_path, extra=SECOND)
    text = town.config.read_text()
    roles = next(line for line in text.splitlines() if line.startswith("roles"))
    town.config.write_text(text.replace('roles = "ROLES"', roles))

    def bergen(number: int) -> RunReport:
        store = town.store()
        try:
            now = datetime(2026, 10, 5 + number, 4, 0, tzinfo=UTC)
            return runs.start(store, assemble(town.settings(), "bergen"), runs.Order("sync"), now, lambda _s, _d: None)
        finally:
            store.close()

    town.sync(AUTUMN)
    assert bergen(0).changes["person"] == {"create": 7}
    town.world.change("kari", family="Moe")
    town.export(AUTUMN + DAY)
    assert bergen(1).changes == {"person": {"update": 1}}
    assert town.run(AUTUMN + DAY).changes == {"person": {"update": 1}}
    assert bergen(1).changes == {}
