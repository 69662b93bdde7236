"""The benchmarks still run, on a town of a dozen persons; and docs/performance.md says what they measured."""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

import pytest
from benchmarks import chart, delivery, page, results, table, with_dlt
from benchmarks.__main__ import main
from benchmarks.exports import Exports
from benchmarks.measure import Failed, measured
from benchmarks.records import TABLES, found, records, walker
from benchmarks.results import Results, Taken

from tests.conftest import ROOT
from tests.postgres import programs

TOWN = ROOT / "examples" / "small-town" / "in" / "export.xml"
COUNTS = b'{"persons": 12, "groups": 6, "memberships": 20, "megabytes": 0.0075}'


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """A folder in which the first day of the smallest size is the example's town."""
    folder = tmp_path / "kept"
    (folder / "exports-S").mkdir(parents=True)
    shutil.copy(TOWN, folder / "exports-S" / "export-day1.xml")
    (folder / "exports-S" / "counts.json").write_bytes(COUNTS)
    return folder


def run(kept: Path, rows: str, state: str = "sqlite") -> dict[str, Taken]:
    into = kept.parent / "results"
    main(["--size", "S", "--state", state, "--rows", rows, "--keep", str(kept), "--results", str(into)])
    return results.everything(into)["S"].rows(state)


def test_rows_are_measured_from_a_loaded_state_that_is_kept_for_more(kept: Path) -> None:
    taken = run(kept, "reordered")
    assert set(taken) == {"reordered"}  # the first load that it stands on was not asked for
    assert taken["reordered"].changes == 0
    assert taken["reordered"].figure.cpu > taken["reordered"].yardstick.cpu > 0
    assert taken["reordered"].figure.memory > 20
    later = run(kept, "mapping")
    assert later == taken | {"mapping": later["mapping"]}


@pytest.mark.skipif(programs() is None, reason="PostgreSQL is not on this machine")
def test_on_postgresql_the_work_of_the_server_is_counted_too(kept: Path) -> None:
    (kept / "S" / "postgresql" / "loaded").mkdir(parents=True)  # of an earlier time, whose server is gone
    taken = run(kept, "again", "postgresql")["again"]
    assert taken.changes == 0
    assert taken.figure.server
    assert taken.figure.all_cpu > taken.figure.cpu


def test_the_naive_importer_is_measured_beside_us(kept: Path) -> None:
    assert run(kept, "naive-first")["naive-first"].changes is None


def test_dlt_is_measured_beside_us_where_it_is_installed(kept: Path, capsys: pytest.CaptureFixture[str]) -> None:
    if with_dlt.installed():
        assert run(kept, "dlt-first")["dlt-first"].figure.memory > 20
    else:
        main(["--size", "S", "--rows", "dlt-first", "--keep", str(kept), "--results", str(kept)])
        assert with_dlt.INSTALL in capsys.readouterr().out


def test_a_row_that_there_is_not_is_refused_with_those_that_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--rows", "again,agian"])
    assert "no such row: agian; there are first, again, reordered" in capsys.readouterr().err


def test_both_importers_read_the_same_rows() -> None:
    read = [list(records(TOWN, reading)) for reading in (found, walker())]
    assert read[0] == read[1]
    assert {kind for kind, _ in read[0]} == set(TABLES)
    assert all(row[column] for kind, row in read[0] for column in kind.key)


def test_the_guises_of_an_export_differ_as_they_say(kept: Path) -> None:
    person = "<person><name><n><family>Lund {}</family></n></name></person>\n"
    membership = "<membership><member>first {0}</member><member>second {0}</member></membership>\n"
    header = "<properties><datetime>2026-10-05T02:00:00</datetime></properties>\n"
    day1 = header + "".join([*map(person.format, range(200)), *map(membership.format, range(8))])
    (kept / "exports-S" / "export-day1.xml").write_text(day1)
    again, reordered, scattered = (guise(kept, name) for name in ("again", "reordered", "scattered"))
    assert guise(kept, "day1") == day1
    assert again == day1.replace("T02:00:00", "T03:00:00") != day1
    assert reordered.splitlines()[1:3] == again.splitlines()[2:0:-1]
    assert sorted(reordered.splitlines()) == sorted(again.splitlines())
    changed = [line for line in scattered.splitlines() if line not in again.splitlines()]
    assert [line.count("-Ny</family>") for line in changed] == [1, 1, 0, 0]
    assert [line.count("<member>") for line in changed] == [0, 0, 1, 1]


def guise(kept: Path, name: str) -> str:
    Exports(kept, "S").place(name, kept / "placed.xml")
    return (kept / "placed.xml").read_text()


def test_memory_is_the_program_s_own_peak_and_its_children_s() -> None:
    child = "import time; held = bytearray(60_000_000); time.sleep(0.1)"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    ours = bytearray(100_000_000)  # what the measuring process holds is not the program's
    small, large = (measured([sys.executable, "-c", text]).figure for text in ("import time; time.sleep(0.1)", parent))
    assert small.memory < 60 < large.memory < 100
    del ours


def test_cpu_counts_children_and_not_waiting() -> None:
    child = "import time\nwhile time.process_time() < 0.2: pass"
    figure = measured(
        [sys.executable, "-c", f"import subprocess; subprocess.run([{sys.executable!r}, '-c', {child!r}])"]
    )
    assert figure.figure.cpu > 0.2
    assert measured([sys.executable, "-c", "import time; time.sleep(0.3)"]).figure.cpu < 0.2


def test_a_program_that_fails_is_no_figure() -> None:
    with pytest.raises(Failed, match="ended with 7:\nwhat went wrong"):
        measured([sys.executable, "-c", "import sys; sys.stderr.write('what went wrong'); sys.exit(7)"])


def test_the_page_and_its_chart_say_what_was_measured() -> None:
    everything = results.everything()
    text = page.PAGE.read_text(encoding="utf-8")
    assert page.written(text, everything) == text, "run: make bench-docs"
    assert page.CHART.read_text(encoding="utf-8") == chart.drawn(everything), "run: make bench-docs"


def test_every_size_that_was_measured_has_its_table_on_the_page() -> None:
    text = page.PAGE.read_text(encoding="utf-8")
    measured_ones = [(size, state) for size, one in results.everything().items() for state in one.states]
    assert [one for one in measured_ones if "<!-- bench: {} {} -->".format(*one) not in text and one[0] != "S"] == []


def test_the_growth_table_sets_sizes_side_by_side() -> None:
    def sized(size: str, seconds: float, megabytes: float) -> Results:
        figure = results.Figure(seconds, seconds, 50)
        taken = Taken(figure, results.Figure(1, 1, 20), results.date(2026, 11, 22), "a machine", 0)
        return Results(size, results.Counts(1, 1, 1, megabytes), {"sqlite": {"again": taken}})

    grown = table.growth({"S": sized("S", 2, 6), "M": sized("M", 5, 60)})
    assert "S to M, file 10.0 x" in grown
    assert "2.5 x · 1.0 x" in grown
    assert table.growth({"S": sized("S", 2, 6)}) == table.NOT_MEASURED


def test_delivery_over_one_connection_and_over_eight_is_measured(
    kept: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    delivery.main(["--keep", str(kept), "--delay", "1"])
    told = capsys.readouterr().out
    assert re.search(r"1 at most: (\d+) deliveries, (\d+) objects, .*\n8 at most: \1 deliveries, \2 objects, ", told)
    assert re.search(r"8 connections deliver [\d.]+ times as fast as one", told)
