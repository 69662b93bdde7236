"""Writing days: the same bytes again, no day before it needed, nothing half-written, little memory."""

from __future__ import annotations

import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
from lxml import etree

from rostersync.errors import Usage
from rostersync.lab import SCHOOLS, START, date_of, generate
from rostersync.lab.district import District
from rostersync.lab.export_file import ExportFile
from rostersync.lab.pifu_writer import DistrictWriter
from rostersync.lab.world import World
from tests.lab.conftest import Day, day_of


@pytest.fixture(scope="module")
def schema(standards: Path) -> etree.XMLSchema:
    return etree.XMLSchema(file=str(standards / "pifu" / "PIFU-IMS_SAS-1.3.xsd"))


def export_on(path: Path, on: date, *, seed: int = 42, schools: int = 2) -> Path:
    """The export of a date without its account."""
    world = World(seed, schools, START, on, churn=0.01, leavers=0.004, movers=0.004)
    with ExportFile(path, world) as export:
        for district in range(world.districts):
            export.add(DistrictWriter(District(world, district), on))
        export.finish()
    return path


@pytest.mark.parametrize(
    ("on", "seed", "schools"),
    [
        (date(2026, 10, 5), 42, 2),
        (date(2026, 11, 30), 7, 1),
        (date(2027, 7, 10), 42, 2),
        (date(2027, 8, 3), 42, 2),
        (date(2029, 2, 1), 3, 3),
    ],
)
def test_exports_are_valid_pifu_ims_1_3(
    tmp_path: Path, schema: etree.XMLSchema, on: date, seed: int, schools: int
) -> None:
    document = etree.parse(export_on(tmp_path / "export.xml", on, seed=seed, schools=schools))
    assert schema.validate(document), schema.error_log.last_error


def test_the_same_arguments_give_the_same_bytes(tmp_path: Path, second: Day) -> None:
    again = generate(tmp_path, day=2)
    assert again.export.read_bytes() == second.made.export.read_bytes()
    assert again.account.read_bytes() == second.made.account.read_bytes()


def test_another_seed_is_another_world(tmp_path: Path) -> None:
    one, other = (export_on(tmp_path / f"{seed}.xml", START, seed=seed, schools=1) for seed in (1, 2))
    assert one.read_bytes() != other.read_bytes()


def test_a_day_needs_no_earlier_day_and_knows_no_later_one() -> None:
    """What is said of day 20 by a world that ends on it, and by one that goes on for months, is the same."""
    on, later = date_of(20, START), date_of(200, START)
    short, long = (World(5, 1, START, today, churn=0.02, leavers=0.01, movers=0.01) for today in (on, later))
    assert DistrictWriter(District(short, 0), on).elements() == DistrictWriter(District(long, 0), on).elements()


def test_the_documents_date_is_two_in_the_morning_of_its_day(second: Day) -> None:
    assert b"<datetime>2026-10-06T02:00:00</datetime>" in second.made.export.read_bytes()
    assert second.account.header.date == "2026-10-06"
    assert second.made.export.name == "export-day2.xml"


def test_progress_is_told_in_schools(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    generate(tmp_path, day=1, on_progress=lambda done, of: told.append((done, of)))
    assert told == [(2, 2)]


def test_nothing_but_the_two_files_is_left_behind(tmp_path: Path) -> None:
    generate(tmp_path / "new", day=1)
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["account-day1.jsonl", "export-day1.xml"]


def test_a_generation_that_breaks_off_leaves_the_old_file_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "export-day1.xml").write_text("yesterday's")

    def stop(done: int, of: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        generate(tmp_path, day=1, on_progress=stop)
    assert [path.name for path in tmp_path.iterdir()] == ["export-day1.xml"]
    assert (tmp_path / "export-day1.xml").read_text() == "yesterday's"


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"size": "XXL"}, "it is one of S, M, L, XL"),
        ({"day": 0}, "the first is day 1"),
        ({"day": 3000}, "let it start later"),
        ({"quirks": frozenset({"truncate", "photo"})}, 'did you mean "truncated"?'),
    ],
)
def test_what_the_lab_cannot_make_is_refused_with_what_it_can(
    tmp_path: Path, wrong: dict[str, object], sentence: str
) -> None:
    with pytest.raises(Usage) as refused:
        generate(tmp_path / "none", **wrong)  # type: ignore[arg-type]
    assert sentence in str(refused.value)
    assert not (tmp_path / "none").exists()


def test_every_unknown_quirk_is_named_at_once(tmp_path: Path) -> None:
    with pytest.raises(Usage) as refused:
        generate(tmp_path, quirks=frozenset({"truncate", "photo"}))
    assert len(refused.value.problems) == 2


def test_the_daily_change_of_values_has_the_asked_for_size(first: Day, second: Day) -> None:
    before, after = first.read.persons, second.read.persons
    stayed = before.keys() & after.keys()
    lines = [set(day.made.export.read_bytes().split(b"\n<person>")) for day in (first, second)]
    changed = len(lines[1] - lines[0])
    assert 0.005 * len(stayed) < changed < 0.03 * len(stayed)


def test_without_churn_leavers_and_movers_nothing_changes_but_the_date(tmp_path: Path) -> None:
    days = [generate(tmp_path, day=day, churn=0, leavers=0, movers=0).export.read_bytes() for day in (1, 2)]
    # a substitute's contract may begin any day; everybody else stays as she is
    one, other = (set(day.split(b"<person>")) for day in days)
    assert len(one ^ other) <= 8


def test_a_normal_night_stays_far_below_the_guards_limits(first: Day, tmp_path: Path) -> None:
    week = day_of(tmp_path, 8, synced=[1, 8])
    gone = sum(user.state == "departed" for user in week.account.users.values())
    assert 0 < gone < 0.02 * len(first.account.users)


def peak_memory(size: str, folder: Path) -> int:
    """Megabytes of a process that generates one day."""
    program = (
        "import sys; from pathlib import Path; from rostersync.lab import generate; "
        "from tests.memory import peak_kilobytes; "
        f"generate(Path(sys.argv[1]), size={size!r}, day=2); print(peak_kilobytes())"
    )
    done = subprocess.run([sys.executable, "-c", program, str(folder)], capture_output=True, check=True, text=True)
    return int(done.stdout) // 1024


@pytest.mark.proof
@pytest.mark.parametrize("size", ["M", "L"])
def test_the_size_of_the_world_does_not_cost_memory(size: str, tmp_path: Path) -> None:
    assert peak_memory(size, tmp_path) < 120


def test_one_district_at_a_time_is_in_memory(tmp_path: Path) -> None:
    assert peak_memory("S", tmp_path) < 100


def test_sizes_are_ten_times_each_other() -> None:
    assert [SCHOOLS[size] for size in ("S", "M", "L", "XL")] == [2, 19, 190, 1900]
