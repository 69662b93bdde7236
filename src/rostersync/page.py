"""A run report as one self-contained HTML page: what changes at each school, against that school's limits.

No script, no outside file, nothing personal: schools, counts, limits and digests only.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from itertools import groupby

from rostersync.report import ACTIONS, KINDS, Entry, RunReport, SourceReport, place, release

_STYLE = """
:root { color-scheme: light dark; --ink: #1d2733; --soft: #5d6b7a; --line: #d9dfe6; --paper: #fff; --wash: #f5f7f9;
  --ok: #2f7d5b; --held: #b3441e; --alarm: #a02050; --bar: #86a9c9; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e9ee; --soft: #9aa7b4; --line: #36424e; --paper: #171d23;
  --wash: #1f272f; --ok: #6fc39b; --held: #f0905f; --alarm: #f07ba5; --bar: #4d6f90; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2.5rem 1.25rem 4rem; max-width: 62rem; background: var(--paper); color: var(--ink);
  font: 16px/1.5 system-ui, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
h1 { font-size: 1.7rem; margin: 0; } h2 { font-size: 1.15rem; margin: 2.4rem 0 .6rem; }
p { margin: .3rem 0; } .soft { color: var(--soft); } code { font: .9em ui-monospace, "DejaVu Sans Mono", monospace; }
.verdict { display: inline-block; padding: .15rem .7rem; border-radius: 1rem; color: var(--paper); font-weight: 600; }
.verdict.cleared { background: var(--ok); } .verdict.held, .verdict.refused { background: var(--held); }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .38rem .6rem; border-bottom: 1px solid var(--line); vertical-align: baseline; }
th { color: var(--soft); font-weight: 500; font-size: .88rem; } .number { text-align: right; white-space: nowrap; }
tr.held td { background: color-mix(in srgb, var(--held) 12%, transparent); } tr.held .state { color: var(--held); font-weight: 600; }
tr.alarm .state { color: var(--alarm); font-weight: 600; }
.gauge { width: 9rem; height: .6rem; background: var(--wash); border: 1px solid var(--line); border-radius: .3rem; overflow: hidden; }
.gauge span { display: block; height: 100%; background: var(--bar); } tr.held .gauge span { background: var(--held); }
section.card { background: var(--wash); border: 1px solid var(--line); border-radius: .5rem; padding: .8rem 1rem; margin: .6rem 0; }
"""


def to_html(report: RunReport) -> str:
    """The page, as one HTML document."""
    body = "\n".join(
        [
            _heading(report),
            _section("What needs a person", _attention(report)),
            _section("Sources", _sources(report.sources)),
            _section("Changes in all", _totals(report)),
            _section("Changes by school, against their limits", _schools(report.entries)),
        ]
    )
    title = escape(f"{report.sync}: {report.command} for {report.on}")
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{_STYLE}</style></head>'
        f"<body>\n{body}\n</body></html>\n"
    )


def _section(title: str, content: str) -> str:
    return f"<h2>{escape(title)}</h2>\n{content}" if content else ""


def _heading(report: RunReport) -> str:
    changes = sum(sum(counts.values()) for counts in report.changes.values())
    return (
        f'<h1>{escape(report.sync)}</h1><p class="soft">{escape(report.command)} for {escape(report.on)} · run '
        f"<code>{escape(report.run)}</code> · plan <code>{escape(report.digest[:12])}</code></p>"
        f'<p><span class="verdict {report.verdict}">{report.verdict}</span> {changes:,} changes, '
        f"{sum(entry.count for entry in report.held if entry.school != '*'):,} of them held.</p>"
    )


def _attention(report: RunReport) -> str:
    cards = [
        f"<strong>{entry.count:,} × {entry.kind} {entry.action}</strong> at {escape(place(entry))}, of {entry.of:,}; "
        f"the limit is {entry.limit if entry.limit is not None else 'an approval'}.<br><code>{escape(release(entry))}</code>"
        for entry in report.held
    ]
    cards += [
        f"<strong>{escape(source.name)} was refused.</strong> {escape(source.refused)}"
        + (f"<br><code>{escape(source.release)}</code>" if source.release else "")
        for source in report.sources
        if not source.accepted
    ]
    if report.removal.count and not report.removal.approved:
        cards.append(
            f"<strong>{report.removal.count:,} users are due for permanent removal.</strong><br>"
            f"<code>rostersync approve {report.removal.digest[:12]} --reason ...</code>"
        )
    if report.questions:
        cards.append(f"<strong>{report.questions:,} open questions</strong> only a person can answer.<br><code>rostersync status</code>")
    cards += [escape(note) for note in report.notes]
    return "\n".join(f'<section class="card">{card}</section>' for card in cards) or '<p class="soft">Nothing.</p>'


def _sources(sources: Iterable[SourceReport]) -> str:
    rows = []
    for source in sources:
        state = "the same file as last time" if source.repeat else (source.proof if source.accepted else "refused")
        rows.append(
            _row(
                "" if source.accepted else "held",
                [source.name, state],
                [f"{source.read:,}", f"{source.skipped:,}", f"{source.rejected:,}"],
            )
        )
    return _table(["Source", "Snapshot"], ["Elements", "Unchanged", "Rejected"], rows)


def _totals(report: RunReport) -> str:
    actions = [action for action in ACTIONS if any(counts.get(action) for counts in report.changes.values())]
    rows = [
        _row("", [kind], [f"{report.changes[kind].get(action, 0):,}" for action in actions])
        for kind in KINDS
        if report.changes.get(kind)
    ]
    return _table([""], actions, rows) if rows else '<p class="soft">Nothing to change: the LMS holds what it should.</p>'


def _schools(entries: Sequence[Entry]) -> str:
    ordered = sorted(entries, key=lambda one: (one.school != "*", one.school_name, one.school, one.target, one.kind, one.action))
    blocks = []
    for _, found in groupby(ordered, key=lambda one: (one.school, one.school_name)):
        group = list(found)
        place_name = place(group[0])
        blocks.append(
            f"<h3>{escape(place_name[0].upper() + place_name[1:])}</h3>"
            + _table(["Change", "Limit"], ["Count", "Of", "At most"], [_entry(one) for one in group])
        )
    return "\n".join(blocks)


def _entry(entry: Entry) -> str:
    part = 0 if not entry.limit else min(100, round(100 * entry.count / entry.limit))
    full = 100 if entry.held else part
    state = "held" if entry.held else "approved" if entry.approved else "alarm" if entry.alarm else ""
    gauge = f'<div class="gauge" title="{part} % of the limit"><span style="width:{full}%"></span></div>'
    label = f'{escape(f"{entry.kind} {entry.action}")} <span class="state">{state}</span>'
    limit = "no limit" if entry.limit is None else f"{entry.limit:,}"
    return (
        f'<tr class="{state}"><td>{label}</td><td>{gauge if entry.limit is not None else ""}</td>'
        f'<td class="number">{entry.count:,}</td><td class="number">{entry.of:,}</td><td class="number">{limit}</td></tr>'
    )


def _row(css: str, texts: Iterable[str], numbers: Iterable[str]) -> str:
    cells = "".join(f"<td>{escape(text)}</td>" for text in texts) + "".join(f'<td class="number">{n}</td>' for n in numbers)
    return f'<tr class="{css}">{cells}</tr>'


def _table(texts: Iterable[str], numbers: Iterable[str], rows: Iterable[str]) -> str:
    head = "".join(f"<th>{escape(text)}</th>" for text in texts)
    head += "".join(f'<th class="number">{escape(text)}</th>' for text in numbers)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
