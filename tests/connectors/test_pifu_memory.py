"""A file of any size is read in little memory."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from .documents import document, sourcedid

_PROGRAM = """
import sys
from datetime import datetime, timezone
from pathlib import Path
from rostersync.connectors.pifu import Settings, make
from tests.memory import peak_kilobytes
connector = make("everyday", Settings(files=sys.argv[1], settle=None, spool=Path(sys.argv[2])))
snapshot = connector.fetch(datetime.now(timezone.utc))
read = 0
for fragment in connector.read(snapshot, lambda content: content[-16:], connector.fields):
    read += 1
    if read % 20 == 0:
        fragment.parse()
connector.discard(snapshot)
print(read, peak_kilobytes() // 1024)
"""


def megabytes(folder: Path, megabytes_on_disk: int) -> int:
    """The peak memory of reading a file of that size."""
    size = megabytes_on_disk << 20
    filler = f"<group><comments>{'x' * 30_000}</comments></group>"
    block = "\n".join((*(f"<person>{sourcedid('1')}</person>" for _ in range(200)), filler))
    whole = document("BLOCK")
    head, tail = whole.split(b"BLOCK")
    path = folder / f"{megabytes_on_disk}.xml"
    with path.open("wb") as file:
        file.write(head)
        for _ in range(size // len(block)):
            file.write(block.encode())
        file.write(tail)
    told = subprocess.run(
        [sys.executable, "-c", _PROGRAM, str(path), str(folder)], capture_output=True, check=True, text=True
    )
    path.unlink()
    read, peak = map(int, told.stdout.split())
    assert read == size // len(block) * 201
    return peak


def test_ten_times_the_file_takes_no_more_memory(tmp_path: Path) -> None:
    assert megabytes(tmp_path, 20) - megabytes(tmp_path, 2) < 4


@pytest.mark.proof
def test_a_large_file_takes_no_more_memory_than_a_small_one(tmp_path: Path) -> None:
    assert megabytes(tmp_path, 200) - megabytes(tmp_path, 2) < 4
