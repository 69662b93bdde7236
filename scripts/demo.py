"""The main job on a synthetic municipality: day one in full, then day two, into OneRoster CSV."""

from __future__ import annotations

import csv
import io
import os
import shutil
import subprocess
import sys
import zipfile
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DEMO = ROOT / "demo"
LOG = DEMO / "log.jsonl"
COMMAND = [sys.executable, "-m", "rostersync"]
DAYS = ("2026-10-05", "2026-10-06")


def main() -> None:
    """Run the demo; a step that fails ends it with that step's own message."""
    shutil.rmtree(DEMO, ignore_errors=True)
    say("A municipality of nobody: 2 schools, made up from a seed.")
    rostersync("init", str(DEMO), quiet=True)
    config = DEMO / "rostersync.toml"
    text = config.read_text(encoding="utf-8")
    text = text.replace("deliver = false", "deliver = true ").replace('max_age = "26h"', '# max_age = "26h"')
    config.write_text(text.replace("[state]", "[state]\nrehearsal = true"), encoding="utf-8")
    for day, on in enumerate(DAYS, 1):
        rostersync("lab", "generate", str(DEMO / "lab"), "--size", "S", "--day", str(day), quiet=True)
        shutil.copy(DEMO / "lab" / f"export-day{day}.xml", DEMO / "in" / f"export-day{day}.xml")
        age(DEMO / "in" / f"export-day{day}.xml")
        say(f"\nDay {day}: the school system's export lands in demo/in/.   $ rostersync sync oslo --as-of {on}")
        rostersync("-c", str(config), "sync", "oslo", "--as-of", on)
    say(f"\nWhat the LMS would now import, demo/out/oneroster.zip: {contents(DEMO / 'out' / 'oneroster.zip')}")
    say("\nLook around (from this folder):")
    say("  . .venv/bin/activate; export ROSTERSYNC_CONFIG=demo/rostersync.toml")
    say("  rostersync status        rostersync trash list        rostersync runs")
    say(f"  rostersync plan oslo --as-of {DAYS[1]} --html demo/plan.html")
    say("  demo/log.jsonl           what the runs logged")


def rostersync(*arguments: str, quiet: bool = False) -> None:
    """Run one command; exit codes 2 to 4 (something to do, held, in part) are no failures here.

    What it logs is kept in demo/log.jsonl, as a service's journal would.
    """
    command = [*COMMAND, *(["--quiet"] if quiet else []), *arguments]
    done = subprocess.run(command, check=False, stderr=subprocess.PIPE, text=True, encoding="utf-8")  # noqa: S603 - ours
    events = [line for line in done.stderr.splitlines() if line.startswith("{")]
    if DEMO.is_dir():
        with LOG.open("a", encoding="utf-8") as log:
            log.writelines(f"{event}\n" for event in events)
    if done.returncode not in (0, 2, 3, 4):
        sys.stderr.writelines(f"{line}\n" for line in done.stderr.splitlines() if line not in events)
        sys.exit(done.returncode)


def age(path: Path) -> None:
    """Make a file look settled: a younger one would be waited for."""
    then = path.stat().st_mtime - 60
    os.utime(path, (then, then))


def contents(path: Path) -> str:
    """The set in one line."""
    with zipfile.ZipFile(path) as bundle:
        rows = {name: list(csv.DictReader(io.TextIOWrapper(bundle.open(name), "utf-8"))) for name in bundle.namelist()}
    roles = Counter(row["role"] for row in rows["users.csv"])
    users = ", ".join(f"{count:,} {role}s" for role, count in sorted(roles.items()))
    return f"{users}; {len(rows['classes.csv']):,} classes, {len(rows['enrollments.csv']):,} enrolments."


def say(text: str) -> None:
    """Print now, so that lines keep their order with those of the commands."""
    print(text, flush=True)  # noqa: T201 - a script that speaks to a person


if __name__ == "__main__":
    main()
