"""IMS Enterprise files left on an SFTP server: a real sshd, which may refuse, hang up, or have no room."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from msgspec.structs import replace

from rostersync.errors import TargetUnavailable, UserMistake
from rostersync.targets import Target
from rostersync.targets.ims_enterprise import ImsEnterprise, Settings
from tests.targets.contract import EVERYBODY, TEACHER, made, moved, removed, roster_of
from tests.targets.ims_file import imported
from tests.transport.place import secret
from tests.transport.sshd import Sshd, new_key

NOW = datetime(2026, 11, 22, 4, 30, tzinfo=UTC)


class There:
    """A folder on the server, and the target that leaves files in it."""

    def __init__(self, sshd: Sshd, folder: Path) -> None:
        self.sshd = sshd
        self.folder = folder / "import"
        self.folder.mkdir()
        self.known_hosts = folder / "known_hosts"
        self.known_hosts.write_text(sshd.known_host)
        self.waits: list[float] = []

    def target(self, **more: object) -> ImsEnterprise:
        settings = {
            "directory": self.sshd.address(self.folder),
            "key": secret(self.sshd.client_key),
            "known_hosts": self.known_hosts,
            "patience": None,
            **more,
        }
        return ImsEnterprise("lms", Settings(**settings), now=lambda: NOW, wait=self.waits.append)  # type: ignore[arg-type]

    def names(self) -> list[str]:
        return sorted(path.name for path in self.folder.iterdir())


@pytest.fixture
def there(sshd: Sshd, tmp_path: Path) -> Iterator[There]:
    place = There(sshd, tmp_path)
    yield place
    subprocess.run(["chmod", "-R", "u+rwx", str(place.folder)], check=False)


def deliver(target: Target) -> None:
    assert all(one.delivered for one in target.deliver(EVERYBODY, roster_of(EVERYBODY)))


def test_the_file_is_there_whole_under_its_name_alone(there: There) -> None:
    target = there.target()
    deliver(target)
    assert there.names() == ["IMS-EnterpriseData.xml"]
    path = there.folder / "IMS-EnterpriseData.xml"
    assert set(imported([path]).persons) == {"guardian", "pupil", "teacher"}
    assert path.stat().st_mode & 0o777 == 0o600
    assert {one.target_key for one in target.existing()} == {"guardian", "pupil", "teacher"}


def test_a_new_file_takes_the_place_of_the_old_and_of_an_upload_cut_off(there: There) -> None:
    deliver(there.target())
    (there.folder / ".rostersync.part").write_text("<enterprise>half")
    left = (*EVERYBODY, removed(TEACHER))
    list(there.target().deliver([removed(TEACHER)], roster_of(left)))
    assert there.names() == ["IMS-EnterpriseData.xml"]
    assert set(imported([there.folder / "IMS-EnterpriseData.xml"]).persons) == {"guardian", "pupil"}


def test_each_delta_is_a_file_of_its_own(there: There) -> None:
    target = there.target(mode="delta")
    for change in (moved(TEACHER, TEACHER), removed(TEACHER)):
        list(target.deliver([change], roster_of(EVERYBODY)))
    assert there.names() == [f"IMS-EnterpriseData-20261122T043000.00000{number}Z.xml" for number in (0, 1)]


def test_nobody_has_imported_anything_yet(there: There) -> None:
    assert list(there.target().existing()) == []


def test_a_missing_folder_is_named_as_such(there: There) -> None:
    target = there.target(directory=there.sshd.address(there.folder / "gone"))
    with pytest.raises(TargetUnavailable, match="there is no such folder; make it, or correct the setting directory"):
        deliver(target)


def test_a_key_that_is_refused_is_tried_once(there: There, tmp_path: Path) -> None:
    before = there.sshd.connections
    with pytest.raises(TargetUnavailable, match="does not accept our log-in") as told:
        deliver(there.target(key=secret(new_key(tmp_path / "another"))))
    assert there.sshd.connections == before + 1
    assert there.sshd.user not in str(told.value)
    assert there.names() == []


def test_a_server_that_nobody_knows_is_left_nothing(there: There) -> None:
    there.known_hosts.write_text("")
    with pytest.raises(TargetUnavailable, match="its host key is not in known_hosts"):
        deliver(there.target())
    assert there.names() == []


def test_a_place_that_cannot_be_overwritten_keeps_what_it_has(there: There) -> None:
    (there.folder / "IMS-EnterpriseData.xml").mkdir()
    with pytest.raises(TargetUnavailable, match="see whether its disk or our quota is full"):
        deliver(there.target())
    assert there.names() == ["IMS-EnterpriseData.xml"]


def test_a_connection_lost_in_the_middle_of_an_upload_leaves_the_old_file(there: There) -> None:
    deliver(there.target())
    before = (there.folder / "IMS-EnterpriseData.xml").read_bytes()
    long = made(replace(TEACHER, given_name="Ø" * 8_000_000))
    watcher = threading.Thread(target=_drop_at_the_first_byte, args=(there,))
    watcher.start()
    with pytest.raises(TargetUnavailable, match="the connection was lost"):
        list(there.target().deliver([long], roster_of((*EVERYBODY, long))))
    watcher.join()
    assert (there.folder / "IMS-EnterpriseData.xml").read_bytes() == before
    deliver(there.target())
    assert there.names() == ["IMS-EnterpriseData.xml"]


def _drop_at_the_first_byte(there: There) -> None:
    part, end = there.folder / ".rostersync.part", time.monotonic() + 20
    while time.monotonic() < end and not (part.exists() and part.stat().st_size):
        time.sleep(0.002)
    there.sshd.drop_sessions()


def test_a_server_that_is_not_there_is_told(there: There, tmp_path: Path) -> None:
    target = there.target(directory=f"sftp://anybody@127.0.0.1:1{tmp_path}")
    with pytest.raises(TargetUnavailable, match="it cannot be reached"):
        deliver(target)


def test_a_log_in_without_a_key_is_refused_when_the_settings_are_read(there: There) -> None:
    with pytest.raises(UserMistake, match="key or password is missing"):
        there.target(key=None)
