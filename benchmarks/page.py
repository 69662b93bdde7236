"""docs/performance.md and its chart, from the results, so that figures and text cannot differ.

A table stands between `<!-- bench: SIZE STATE -->`, or `<!-- bench: growth -->`, and `<!-- /bench -->`; the rest is prose.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from benchmarks import chart, table
from benchmarks.measure import ROOT
from benchmarks.results import Results

PAGE = ROOT / "docs" / "performance.md"
CHART = ROOT / "docs" / "performance.svg"
_PLACE = re.compile(r"(<!-- bench: ([^\n]+) -->\n).*?(<!-- /bench -->)", re.DOTALL)


def written(text: str, results: Mapping[str, Results]) -> str:
    """The page with its tables as the results have them."""
    return _PLACE.sub(lambda found: f"{found[1]}\n{_table(found[2], results)}\n\n{found[3]}", text)


def draw(results: Mapping[str, Results]) -> tuple[Path, Path]:
    """Write the page and the chart anew."""
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8"), results), encoding="utf-8")
    CHART.write_text(chart.drawn(results), encoding="utf-8")
    return PAGE, CHART


def _table(place: str, results: Mapping[str, Results]) -> str:
    if place == "growth":
        return table.growth(results)
    size, state = place.split()
    if size not in results or not (taken := results[size].rows(state)):
        return f"{table.NOT_MEASURED} `make bench SIZE={size} STATE={state}` does."
    days = sorted({one.on for one in taken.values()})
    when = " to ".join(f"{day:%-d %B %Y}" for day in dict.fromkeys((days[0], days[-1])))
    machines = "; ".join(sorted({one.machine for one in taken.values()}))
    return f"{table.of_size(results[size], state)}\n\nTaken on {when}; {machines}."
