"""The benchmark of FINT still runs, on a county of a hundred."""

from __future__ import annotations

import subprocess
import sys

from tests.conftest import ROOT


def test_every_row_of_the_benchmark_is_measured() -> None:
    command = [sys.executable, str(ROOT / "benchmarks" / "fint.py"), "--pupils", "100"]
    said = subprocess.run(command, check=True, capture_output=True, text=True, timeout=120).stdout.splitlines()
    assert said[0].startswith("100 pupils: ")
    assert [line.split("  ")[0] for line in said[2:]] == [
        "download and json.loads (1.0)",
        "everything new: fetched, read, decoded",
        "same records, other bytes: fetched, read, digested",
        "unchanged: recognised when fetched",
    ]
