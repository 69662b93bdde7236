"""How a OneRoster set is put in its place: in one step, or not at all."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from msgspec.structs import replace

from rostersync.errors import NotOurs, TargetUnavailable
from rostersync.targets import Placed
from rostersync.targets.oneroster_csv import OneRosterCsv, Settings
from tests.targets.contract import EVERYBODY, PUPIL, TEACHER, moved, removed, roster_of
from tests.targets.oneroster_set import read_set

Layout = Literal["zip", "directory"]
BOTH = pytest.mark.parametrize("layout", ["zip", "directory"])
WITHOUT_TEACHER = (*EVERYBODY, removed(TEACHER))


def target(place: Path, layout: Layout = "zip") -> OneRosterCsv:
    return OneRosterCsv(Settings(place, layout=layout))


def deliver(place: Path, layout: Layout, roster: Callable[[], Iterator[Placed]]) -> None:
    for _ in target(place, layout).deliver(EVERYBODY[:1], roster):
        pass


def renamed(number: int) -> Callable[[], Iterator[Placed]]:
    return roster_of((*EVERYBODY, moved(TEACHER, replace(TEACHER, given_name=f"Øyvind {number}"))))


# -- the same set -----------------------------------------------------------------------------------------------------


def test_the_same_roster_gives_the_same_bytes_wherever_and_whenever(tmp_path: Path) -> None:
    for place in ("a", "b"):
        deliver(tmp_path / place, "zip", roster_of(EVERYBODY))
        os.utime(tmp_path / place)
    assert (tmp_path / "a" / "oneroster.zip").read_bytes() == (tmp_path / "b" / "oneroster.zip").read_bytes()


def test_an_unchanged_row_is_equal_to_the_byte(tmp_path: Path) -> None:
    lines = []
    for number in (1, 2):
        deliver(tmp_path, "zip", renamed(number))
        with ZipFile(tmp_path / "oneroster.zip") as archive:
            lines.append(set(archive.read("users.csv").splitlines()))
    assert len(lines[0] ^ lines[1]) == 2


@BOTH
def test_an_equal_set_leaves_the_published_files_alone(tmp_path: Path, layout: Layout) -> None:
    deliver(tmp_path, layout, roster_of(EVERYBODY))
    before = {path: (path.lstat().st_ino, path.lstat().st_mtime_ns) for path in tmp_path.rglob("*")}
    deliver(tmp_path, layout, roster_of(EVERYBODY))
    assert {path: (path.lstat().st_ino, path.lstat().st_mtime_ns) for path in tmp_path.rglob("*")} == before


def test_a_zip_has_no_folders_and_its_files_carry_no_moment(tmp_path: Path) -> None:
    deliver(tmp_path, "zip", roster_of(EVERYBODY))
    with ZipFile(tmp_path / "oneroster.zip") as archive:
        members = archive.infolist()
    assert [member.filename for member in members] == [
        "manifest.csv",
        "orgs.csv",
        "academicSessions.csv",
        "courses.csv",
        "classes.csv",
        "users.csv",
        "enrollments.csv",
    ]
    assert {(member.date_time, member.compress_type) for member in members} == {((1980, 1, 1, 0, 0, 0), ZIP_DEFLATED)}


# -- the place --------------------------------------------------------------------------------------------------------


@BOTH
def test_files_are_for_their_owner_only_whatever_the_umask_and_while_they_are_written(
    tmp_path: Path, layout: Layout
) -> None:
    place = tmp_path / "srv" / "out"

    def looked_at() -> Iterator[Placed]:
        yield from roster_of(EVERYBODY)()
        assert_private(place)

    mask = os.umask(0)
    try:
        deliver(place, layout, looked_at)
    finally:
        os.umask(mask)
    assert_private(place)


def assert_private(place: Path) -> None:
    for path in (place, *place.rglob("*")):
        if not path.is_symlink():
            assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600), path.name


@BOTH
def test_nothing_but_the_set_is_left_in_the_folder(tmp_path: Path, layout: Layout) -> None:
    deliver(tmp_path, layout, roster_of(EVERYBODY))
    expected = {"zip": {"oneroster.zip"}, "directory": {"current", "sets"}}
    assert {path.name for path in tmp_path.iterdir()} == expected[layout]


def test_the_three_newest_sets_are_kept_and_the_link_points_to_the_last(tmp_path: Path) -> None:
    for number in range(1, 6):
        deliver(tmp_path, "directory", renamed(number))
        assert read_set(tmp_path).users["teacher"]["givenName"] == f"Øyvind {number}"
    assert {path.name for path in (tmp_path / "sets").iterdir()} == {"3", "4", "5"}
    assert (tmp_path / "current").readlink() == Path("sets", "5")


def test_a_folder_in_the_place_of_the_link_is_not_ours(tmp_path: Path) -> None:
    (tmp_path / "current").mkdir()
    with pytest.raises(NotOurs, match="move it away"):
        deliver(tmp_path, "directory", roster_of(EVERYBODY))
    assert [path.name for path in tmp_path.iterdir()] == ["current"]


# -- killed at every step ---------------------------------------------------------------------------------------------

KILLED = 137
STEPS = ("open", "os.mkdir", "os.rename", "os.symlink", "os.rmdir", "os.remove", "os.chmod")


def killed_at(step: int, work: Callable[[], None]) -> bool:
    """Run some work in a process that dies at once just before it touches the disk for the so-manieth time."""
    child = os.fork()
    if not child:
        touched = 0

        def die(event: str, _: object) -> None:
            nonlocal touched
            touched += event in STEPS
            if touched == step:
                os._exit(KILLED)

        sys.addaudithook(die)
        try:
            work()
            os._exit(0)
        finally:
            os._exit(1)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code in (0, KILLED)
    return code == KILLED


@BOTH
def test_a_kill_at_any_step_leaves_the_old_set_or_the_new_one_and_the_next_run_goes_on(
    tmp_path: Path, layout: Layout
) -> None:
    place, step = tmp_path / "out", 1
    old, new = {"guardian", "pupil", "teacher"}, {"guardian", "pupil"}
    found = [old]
    while True:
        shutil.rmtree(place, ignore_errors=True)
        deliver(place, layout, roster_of(EVERYBODY))
        if not killed_at(step, lambda: deliver(place, layout, roster_of(WITHOUT_TEACHER))):
            break
        found.append(set(read_set(place).users))
        assert found[-1] in (old, new)
        assert {user.target_key for user in target(place, layout).existing()} == found[-1]
        later = target(place, layout)
        later.sweep()
        assert later.check() == []
        assert not (place / ".staging").exists()
        assert set(read_set(place).users) == found[-1]
        deliver(place, layout, roster_of(WITHOUT_TEACHER))
        assert set(read_set(place).users) == new
        step += 1
    assert found[-1] == new, "the last steps come after the swap"
    assert step > 10


def test_sweeping_removes_sets_that_nothing_points_to_and_keeps_the_published_ones(tmp_path: Path) -> None:
    for number in (1, 2):
        deliver(tmp_path, "directory", renamed(number))
    (tmp_path / "sets" / "3").mkdir()
    (tmp_path / ".staging").mkdir()
    (tmp_path / ".staging" / "spool").write_text("half")
    target(tmp_path, "directory").sweep()
    assert {path.name for path in (tmp_path / "sets").iterdir()} == {"1", "2"}
    assert read_set(tmp_path).users["teacher"]["givenName"] == "Øyvind 2"
    assert not (tmp_path / ".staging").exists()


@BOTH
def test_sweeping_a_place_that_is_not_there_makes_nothing(tmp_path: Path, layout: Layout) -> None:
    target(tmp_path / "out", layout).sweep()
    assert not (tmp_path / "out").exists()


# -- a disk that fails ------------------------------------------------------------------------------------------------


@contextmanager
def small_disk(place: Path, kilobytes: int) -> Iterator[Path]:
    """A file system of its own."""
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k,mode=700", "tmpfs", str(place)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("this account cannot mount a small disk")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


def many(number: int) -> Callable[[], Iterator[Placed]]:
    pupils = [Placed(replace(PUPIL, id=f"pupil-{one:06}", memberships=())) for one in range(number)]
    return lambda: iter([*roster_of(EVERYBODY[:4])(), *pupils])


@BOTH
def test_a_disk_that_fills_up_keeps_the_old_set_and_nothing_else(tmp_path: Path, layout: Layout) -> None:
    with small_disk(tmp_path / "disk", 256) as place:
        deliver(place, layout, roster_of(EVERYBODY))
        before = sorted(path.name for path in place.rglob("*"))
        with pytest.raises(TargetUnavailable, match=r"full; make room"):
            deliver(place, layout, many(5_000))
        assert sorted(path.name for path in place.rglob("*")) == before
        assert set(read_set(place).users) == {"guardian", "pupil", "teacher"}
        deliver(place, layout, many(10))
        assert len(read_set(place).users) == 10


@BOTH
def test_a_disk_mounted_read_only_keeps_the_old_set_and_says_so(tmp_path: Path, layout: Layout) -> None:
    with small_disk(tmp_path / "disk", 256) as place:
        deliver(place, layout, roster_of(EVERYBODY))
        subprocess.run(["mount", "-o", "remount,ro", str(place)], check=True)
        assert "cannot be written to" in target(place, layout).check()[0]
        with pytest.raises(TargetUnavailable, match="a disk mounted for writing"):
            deliver(place, layout, roster_of(WITHOUT_TEACHER))
        assert "teacher" in read_set(place).users


def test_a_folder_one_may_not_write_to_keeps_the_old_set_and_says_so(tmp_path: Path) -> None:
    deliver(tmp_path, "zip", roster_of(EVERYBODY))
    tmp_path.chmod(0o500)
    if os.access(tmp_path, os.W_OK):
        pytest.skip("root may write everywhere; the read-only disk tells the same story")
    try:
        assert "cannot be written to" in target(tmp_path).check()[0]
        with pytest.raises(TargetUnavailable, match="not allowed to write"):
            deliver(tmp_path, "zip", roster_of(WITHOUT_TEACHER))
    finally:
        tmp_path.chmod(0o700)
    assert "teacher" in read_set(tmp_path).users


@BOTH
def test_a_folder_that_vanishes_in_the_middle_is_told(tmp_path: Path, layout: Layout) -> None:
    place = tmp_path / "out"

    def roster() -> Iterator[Placed]:
        for placed in roster_of(EVERYBODY)():
            if placed.value.id == "teacher":
                shutil.rmtree(place)
            yield placed

    with pytest.raises(TargetUnavailable, match="is its disk mounted"):
        deliver(place, layout, roster)


def test_a_file_in_the_place_of_the_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("")
    with pytest.raises(TargetUnavailable, match=r"cannot write there \(File exists\)"):
        deliver(tmp_path / "out", "zip", roster_of(EVERYBODY))


@BOTH
def test_a_roster_that_breaks_off_leaves_the_old_set_and_nothing_else(tmp_path: Path, layout: Layout) -> None:
    def broken() -> Iterator[Placed]:
        yield from many(20)()
        raise ConnectionAbortedError("the database went away")

    deliver(tmp_path, layout, roster_of(EVERYBODY))
    before = sorted(path.name for path in tmp_path.rglob("*"))
    with pytest.raises(TargetUnavailable):
        deliver(tmp_path, layout, broken)
    assert sorted(path.name for path in tmp_path.rglob("*")) == before
    assert "teacher" in read_set(tmp_path).users


# -- looking before writing -------------------------------------------------------------------------------------------


def test_a_place_that_can_be_made_is_in_order_and_is_not_made_by_looking(tmp_path: Path) -> None:
    assert target(tmp_path / "a" / "b").check() == []
    assert list(tmp_path.iterdir()) == []


def test_a_file_where_the_folder_or_one_above_it_should_be_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert "is no folder" in target(tmp_path / "file").check()[0]
    assert "cannot be made" in target(tmp_path / "file" / "out").check()[0]


def test_a_folder_that_others_may_write_to_is_told_with_the_command(tmp_path: Path) -> None:
    tmp_path.chmod(0o770)
    assert target(tmp_path).check() == [
        f"{tmp_path} may be written to by other accounts, who could swap what is there; run: chmod 700 {tmp_path}"
    ]


def test_foreign_files_are_counted_and_never_named(tmp_path: Path) -> None:
    for name in ("users.csv", "kari-lie.txt"):
        (tmp_path / name).write_text("")
    (problem,) = target(tmp_path).check()
    assert problem == f"{tmp_path} holds 2 files that are not rostersync's; give it a folder of its own"


def test_a_set_left_from_the_other_layout_is_told(tmp_path: Path) -> None:
    deliver(tmp_path, "zip", roster_of(EVERYBODY))
    assert "grows stale" in target(tmp_path, "directory").check()[0]
    (tmp_path / "oneroster.zip").unlink()
    deliver(tmp_path, "directory", roster_of(EVERYBODY))
    assert target(tmp_path, "directory").check() == []
    assert "grows stale" in target(tmp_path, "zip").check()[0]


def test_every_problem_is_told_at_once(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    (tmp_path / "current").mkdir()
    (tmp_path / "notes").write_text("")
    assert len(target(tmp_path, "directory").check()) == 3
