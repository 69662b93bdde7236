"""First load, unchanged night and next day of one synthetic municipality, as ratios to bare iterparse in the same run.

    python benchmarks/first_load.py --size M

Every figure is a whole process: CPU seconds (user and system) and peak memory. The yardstick walks the top-level
elements of the same file with lxml and does nothing with them.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

YARDSTICK = """
import sys
from lxml import etree
for _, element in etree.iterparse(sys.argv[1], tag=["{*}person", "{*}group", "{*}membership"]):
    element.clear()
    while element.getprevious() is not None:
        del element.getparent()[0]
"""
ON, NEXT = "2026-10-05", "2026-10-06"


@dataclass(frozen=True)
class Figure:
    """What one process took."""

    cpu: float
    wall: float
    memory: float


def measured(command: list[str], good: tuple[int, ...] = (0,)) -> Figure:
    """Run a process to its end and read what the kernel counted for it."""
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    assert process.stderr is not None
    said = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in good:
        sys.exit(f"{' '.join(command)} ended with {process.returncode}: {said.decode()[-2000:]}")
    return Figure(usage.ru_utime + usage.ru_stime, time.perf_counter() - began, usage.ru_maxrss / 1024)


def main() -> None:
    """Generate, measure, print a table."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--size", choices=["S", "M", "L"], default="M")
    size = arguments.parse_args().size
    program = [sys.executable, "-m", "rostersync", "--quiet"]
    with tempfile.TemporaryDirectory(prefix="rostersync-bench-") as folder:
        home = Path(folder) / "home"
        subprocess.run([*program, "init", str(home)], check=True)
        generated = measured([*program, "lab", "generate", folder, "--size", size])
        export = home / "in" / "export.xml"
        shutil.move(Path(folder) / "export-day1.xml", export)
        os.utime(export, (time.time() - 60,) * 2)
        config = home / "rostersync.toml"
        text = config.read_text().replace("deliver = false", "deliver = true").replace("max_age", "# max_age")
        config.write_text(text.replace("[state]", "[state]\nrehearsal = true"))
        sync = [*program, "-c", str(config), "sync", "oslo", "--as-of"]
        yardstick = min(
            (measured([sys.executable, "-c", YARDSTICK, str(export)]) for _ in range(3)), key=lambda one: one.cpu
        )
        rows = [("first load, delivered", measured([*sync, ON], (0, 3)))]
        rows.append(("the same file again", measured([*sync, ON], (0, 3))))
        rows.append(("re-read in full", measured([*sync, ON, "--full"], (0, 3))))
        subprocess.run([*program, "lab", "generate", folder, "--size", size, "--day", "2"], check=True)
        shutil.move(Path(folder) / "export-day2.xml", export)
        os.utime(export, (time.time() - 60,) * 2)
        rows.append(("the next day, delivered", measured([*sync, NEXT], (0, 3))))
        print(
            f"{size}: {export.stat().st_size / 1e6:.0f} MB; generated in {generated.cpu:.1f} s, {generated.memory:.0f} MB"
        )
        print(f"{'':<26}{'CPU s':>8}{'ratio':>8}{'wall s':>8}{'peak MB':>9}")
        for label, figure in [("bare iterparse (1.0)", yardstick), *rows]:
            print(
                f"{label:<26}{figure.cpu:>8.1f}{figure.cpu / yardstick.cpu:>8.2f}{figure.wall:>8.1f}{figure.memory:>9.0f}"
            )


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    main()
