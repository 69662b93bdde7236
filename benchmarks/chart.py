"""The chart of docs/performance.svg: how many times bare iterparse a run takes, beside what was asked and beside others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import NamedTuple

from benchmarks.results import Results
from benchmarks.rows import ASKED_OF, BY_NAME, DLT, NAIVE, OURS, ROWS
from benchmarks.table import ratio

STATE = "sqlite"
_WIDTH, _MARGIN = 880, 28
_LABELS, _BARS = 330, 385  # where the bars begin within the margin, and how long the longest is
_STEP, _BAR, _BETWEEN, _TOP = 27, 16, 34, 84

_STYLE = """
  svg { font-family: system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; font-size: 13px;
        --back: #ffffff; --edge: #d8dee4; --text: #1f2328; --soft: #59636e;
        --ours: #2f6fd0; --other: #b8935a; --asked: #59636e; }
  @media (prefers-color-scheme: dark) {
    svg { --back: #0d1117; --edge: #3d444d; --text: #f0f6fc; --soft: #9198a1;
          --ours: #5a9bf5; --other: #a98549; --asked: #9198a1; }
  }
  .back { fill: var(--back); stroke: var(--edge); }
  text { fill: var(--text); }
  .soft { fill: var(--soft); }
  .title { font-size: 17px; font-weight: 600; }
  .group { font-size: 14px; font-weight: 600; }
  .value { font-variant-numeric: tabular-nums; font-weight: 600; }
  .ours { fill: var(--ours); }
  .other { fill: var(--other); }
  .asked { fill: none; stroke: var(--asked); stroke-dasharray: 4 3; }
  .mark { stroke: var(--text); stroke-width: 2; }
  .base { stroke: var(--edge); }
""".rstrip()


class Bar(NamedTuple):
    """A bar: its label, its length as a multiple, its kind (`ours`, `other`, `asked`), and a mark where asked."""

    label: str
    value: float
    kind: str
    asked: float | None = None


class Group(NamedTuple):
    """Bars on one scale under a heading."""

    heading: str
    bars: Sequence[Bar]


def drawn(results: Mapping[str, Results]) -> str:
    """The chart as SVG; groups of which nothing was measured are left out."""
    shapes: list[str] = []
    y = _TOP
    for group in _groups(results):
        shapes += _group(group, y)
        y += _STEP * (len(group.bars) + 1) + _BETWEEN
    height = y - _BETWEEN + _MARGIN
    return "\n".join([*_head(height), *shapes, "</svg>", ""])


def _head(height: int) -> Iterator[str]:
    title = "CPU as a multiple of bare lxml iterparse over the same file"
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" height="{height}" '
        f'role="img" aria-label="{title}">'
    )
    yield f"<style>{_STYLE}\n</style>"
    yield f'<rect class="back" x="0.5" y="0.5" width="{_WIDTH - 1}" height="{height - 1}" rx="8"/>'
    yield _text(_MARGIN, 36, title, "title")
    yield _text(
        _MARGIN, 57, "Whole processes, state in SQLite. Shorter is better; each group has a scale of its own.", "soft"
    )


def _groups(results: Mapping[str, Results]) -> Iterator[Group]:
    """Beside the others, at the largest size on which they ran; then our other runs."""
    measured = [one for one in results.values() if one.rows(STATE)]
    compared = [one for one in measured if {"naive-first", "dlt-first"} & one.rows(STATE).keys()]
    for heading, which in (("A first load", "first"), ("The same file again, nothing changed", "again")):
        if compared and (bars := [*_beside(compared[-1], _largest(measured), which)]):
            yield Group(f"{heading} · {_named(compared[-1])}", bars)
    if measured and (bars := [*_other_runs(_largest(measured))]):
        yield Group(f"Other runs · {_named(_largest(measured))}", bars)


def _largest(measured: Sequence[Results]) -> Results:
    """The size of which something was asked; else the largest there is."""
    return next((one for one in measured if one.size == ASKED_OF), measured[-1])


def _beside(results: Results, largest: Results, which: str) -> Iterator[Bar]:
    taken, asked = results.rows(STATE), BY_NAME[which].must.ratio
    if which in taken:
        yield Bar(f"{OURS}, plan and delivery included", taken[which].ratio, "ours")
    if largest is not results and which in largest.rows(STATE):
        yield Bar(f"{OURS}, at size {largest.size}", largest.rows(STATE)[which].ratio, "ours")
    if asked:
        yield Bar(f"asked of it, at size {ASKED_OF}", asked, "asked")
    for name, label in ((f"naive-{which}", f"{NAIVE}, import only"), (f"dlt-{which}", f"{DLT}, import only")):
        if name in taken:
            yield Bar(label, taken[name].ratio, "other")


def _other_runs(results: Results) -> Iterator[Bar]:
    taken = results.rows(STATE)
    for row in ROWS:
        if row.who == OURS and row.name not in ("first", "again") and row.name in taken:
            yield Bar(row.shown.replace("`", ""), taken[row.name].ratio, "ours", row.must.ratio)


def _named(results: Results) -> str:
    counts = results.counts
    return f"size {results.size}, {counts.persons:,} persons, {counts.memberships:,} memberships"


def _group(group: Group, y: int) -> Iterator[str]:
    longest = max(max(bar.value, bar.asked or 0) for bar in group.bars)
    begin = _MARGIN + _LABELS
    yield _text(_MARGIN, y + 14, group.heading, "group")
    yield _line("base", begin, y + _STEP - 2, y + _STEP * (len(group.bars) + 1) - 5)
    for number, bar in enumerate(group.bars, 1):
        yield from _bar(bar, begin, y + _STEP * number, _BARS / longest)


def _bar(bar: Bar, begin: int, y: int, scale: float) -> Iterator[str]:
    length = max(bar.value * scale, 1.5)
    middle = y + _BAR - 3
    yield _text(begin - 10, middle, bar.label, anchor="end")
    yield f'<rect class="{bar.kind}" x="{begin}" y="{y}" width="{length:.1f}" height="{_BAR}" rx="2"/>'
    end = begin + length
    if bar.asked:
        yield _line("mark", begin + bar.asked * scale, y - 3, y + _BAR + 3)
        end = max(end, begin + bar.asked * scale)
    asked = f'<tspan class="soft" font-weight="400">  asked {bar.asked:g}</tspan>' if bar.asked else ""
    yield _text(end + 8, middle, f"{ratio(bar.value)} x", "value").replace("</text>", f"{asked}</text>")


def _line(kind: str, x: float, top: float, bottom: float) -> str:
    return f'<line class="{kind}" x1="{x:.1f}" y1="{top}" x2="{x:.1f}" y2="{bottom}"/>'


def _text(x: float, y: float, text: str, kind: str = "", anchor: str = "start") -> str:
    named = f' class="{kind}"' if kind else ""
    return f'<text{named} x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'
