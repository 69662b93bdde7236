"""A run report as one self-contained HTML page: what needs a person, and what changes where, against which limits.

No script, no outside file, nothing personal: schools, counts, limits and digests only.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape
from itertools import groupby

from rostersync.report import (
    ACTIONS,
    KINDS,
    PLURALS,
    Entry,
    RunReport,
    SourceReport,
    measured,
    numbered,
    place,
    release,
    release_removal,
)

_STYLE = """
:root { color-scheme: light dark; --ink: #1d2733; --soft: #5b6875; --line: #dbe1e7; --paper: #fff; --wash: #f5f7f9;
  --ok: #2b7553; --held: #ad3f19; --alarm: #9c1d4c; --bar: #7ea3c5; --on: #fff; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e9ee; --soft: #9ba8b5; --line: #35414d; --paper: #161c22;
  --wash: #1e262e; --ok: #6fc39b; --held: #f2945f; --alarm: #f27fa8; --bar: #55799b; --on: #161c22; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2.5rem 1.25rem 4rem; max-width: 60rem; background: var(--paper); color: var(--ink);
  font: 16px/1.5 system-ui, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
h1 { font-size: 1.7rem; margin: 0; line-height: 1.25; } h1 span { white-space: nowrap; }
h2 { font-size: 1.2rem; margin: 2.4rem 0 .6rem; }
p { margin: .35rem 0; } .soft { color: var(--soft); } .empty { color: var(--soft); }
code { font: .88em ui-monospace, "DejaVu Sans Mono", monospace; overflow-wrap: anywhere; }
.verdict { display: inline-block; padding: .1rem .75rem; border-radius: 1rem; color: var(--on); font-weight: 600; }
.verdict.cleared { background: var(--ok); } .verdict.held, .verdict.refused { background: var(--held); }
.card { background: var(--wash); border: 1px solid var(--line); border-left: .3rem solid var(--line);
  border-radius: .4rem; padding: .65rem 1rem; margin: .55rem 0; }
.card.held { border-left-color: var(--held); } .card.alarm { border-left-color: var(--alarm); }
.card code { display: block; user-select: all; color: var(--soft); margin-top: .15rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .36rem .6rem; border-bottom: 1px solid var(--line); vertical-align: baseline; }
th { color: var(--soft); font-weight: 500; font-size: .86rem; } .number { text-align: right; white-space: nowrap; }
tr:last-child td { border-bottom: 0; }
tr.held td { background: color-mix(in srgb, var(--held) 11%, transparent); }
.state { font-weight: 600; } .held .state { color: var(--held); } .alarm .state { color: var(--alarm); }
.approved .state { color: var(--ok); }
details { border: 1px solid var(--line); border-radius: .4rem; margin: .55rem 0; }
summary { padding: .55rem .9rem; cursor: pointer; font-weight: 600; } summary .soft { font-weight: 400; }
details .wide { border-top: 1px solid var(--line); padding: 0 .3rem; }
.gauge { position: relative; width: 8rem; height: .55rem; background: var(--wash); border: 1px solid var(--line);
  border-radius: .3rem; overflow: hidden; }
.gauge span { display: block; height: 100%; background: var(--bar); } .held .gauge span { background: var(--held); }
.gauge i { position: absolute; top: 0; bottom: 0; width: 2px; background: var(--ink); }
@media (max-width: 40rem) { body { padding-top: 1.5rem; } th, td { padding: .36rem .35rem; } .meter { display: none; } }
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
            _section("Also to know", _remarks(report)),
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
    held = len(report.held)
    waiting = f"; {numbered(held, 'entry waits', 'entries wait')} for an approval" if held else ""
    return (
        f"<h1>{escape(report.sync)}: {escape(report.command)} for <span>{escape(report.on)}</span></h1>"
        f'<p class="soft">run <code>{escape(report.run)}</code> · plan <code>{escape(report.digest[:12])}</code></p>'
        f'<p><span class="verdict {report.verdict}">{report.verdict}</span> {numbered(changes, "change")}{waiting}.</p>'
    )


# -- what needs a person --------------------------------------------------------------------------------------------


def _attention(report: RunReport) -> str:
    return "\n".join(_cards(report)) or '<p class="empty">Nothing.</p>'


def _cards(report: RunReport) -> Iterator[str]:
    for source in report.sources:
        if not source.accepted:
            what = "could not be read" if source.unavailable else "was refused"
            yield _card("held", f"The source {source.name} {what}.", source.refused, source.release)
    for entry in report.held:
        yield _card("held", _counted(entry), f"at {place(entry)}, {measured(entry)}.", release(entry))
    for entry in report.entries:
        if entry.alarm:
            why = f"at {place(entry)}, of {entry.of:,}. They are not held, because they take access away; find out why."
            yield _card("alarm", _counted(entry), why, "")
    if report.removal.count and not report.removal.approved:
        users = numbered(report.removal.count, "user is", "users are")
        due = "due for permanent removal, which takes an approval."
        yield _card("held", users, due, release_removal(report.removal))
    if report.questions:
        questions = numbered(report.questions, "open question")
        yield _card("", questions, "only a person can answer.", "rostersync questions")


def _card(css: str, what: str, rest: str, command: str) -> str:
    code = f"<code>{escape(command)}</code>" if command else ""
    return f'<section class="card {css}"><strong>{escape(what)}</strong> {escape(rest)}{code}</section>'


def _counted(entry: Entry) -> str:
    return f"{entry.count:,} × {entry.kind} {entry.action}"


def _remarks(report: RunReport) -> str:
    told = [f"{numbered(count, 'change waits', 'changes wait')}: {reason}" for reason, count in report.waiting.items()]
    pinned = numbered(report.pinned, "pinned person is", "pinned persons are")
    told += [f"{pinned} not touched."] if report.pinned else []
    return "\n".join(f"<p>{escape(text)}</p>" for text in (*told, *report.notes))


# -- tables ---------------------------------------------------------------------------------------------------------


def _sources(sources: Iterable[SourceReport]) -> str:
    rows = []
    for source in sources:
        state = "the same file as last time" if source.repeat else (source.proof if source.accepted else "refused")
        counts = ("", "", "") if source.repeat else (source.read, source.skipped, source.rejected)
        figures = [f"{count:,}" if isinstance(count, int) else count for count in counts]
        rows.append(_row("" if source.accepted else "held", [escape(source.name), escape(state)], figures))
    return _table(["Source", "Snapshot"], ["Elements", "Unchanged", "Rejected"], rows) if rows else ""


def _totals(report: RunReport) -> str:
    actions = [action for action in ACTIONS if any(counts.get(action) for counts in report.changes.values())]
    rows = [
        _row("", [PLURALS[kind]], [_figure(report.changes[kind].get(action, 0)) for action in actions])
        for kind in KINDS
        if report.changes.get(kind)
    ]
    return (
        _table([""], actions, rows) if rows else '<p class="empty">Nothing to change: the LMS holds what it should.</p>'
    )


def _schools(entries: Sequence[Entry]) -> str:
    """A block for each school, the whole owner first. Those where something is held or alarms stand open."""
    ordered = sorted(entries, key=lambda one: (one.school != "*", one.school_name, one.school, one.target))
    blocks = []
    for _, found in groupby(ordered, key=lambda one: (one.school, one.school_name)):
        block = sorted(found, key=lambda one: (one.target, KINDS.index(one.kind), ACTIONS.index(one.action)))
        opened = " open" if block[0].school == "*" or any(one.held or one.alarm for one in block) else ""
        name = place(block[0])
        changes = sum(one.count - one.recent for one in block)
        blocks.append(
            f"<details{opened}><summary>{escape(name[0].upper() + name[1:])} "
            f'<span class="soft">{numbered(changes, "change")}</span></summary>'
            + _table(["Change", ""], ["Count", "Of", "At most"], [_entry(one) for one in block], meter=True)
            + "</details>"
        )
    return "\n".join(blocks)


def _entry(entry: Entry) -> str:
    state = "held" if entry.held else "alarm" if entry.alarm else "approved" if entry.approved else ""
    label = escape(f"{entry.kind} {entry.action}") + (f' <span class="state">{state}</span>' if state else "")
    limit = "no limit" if entry.limit is None else f"{entry.limit:,}"
    return _row(state, [label, _gauge(entry)], [f"{entry.count:,}", f"{entry.of:,}", limit], meter=True)


def _gauge(entry: Entry) -> str:
    """How much of the limit is used; what is over it fills the gauge, and a mark shows where the limit was."""
    if entry.limit is None:
        return ""
    whole = max(entry.count, entry.limit, 1)
    mark = f'<i style="left:{100 * entry.limit / whole:.0f}%"></i>' if entry.count > entry.limit else ""
    return f'<div class="gauge"><span style="width:{100 * entry.count / whole:.0f}%"></span>{mark}</div>'


def _figure(count: int) -> str:
    return f"{count:,}" if count else "·"


def _row(css: str, cells: Sequence[str], numbers: Iterable[str], *, meter: bool = False) -> str:
    """A row of cells that are HTML already, then of numbers. The last cell of a `meter` row gives way on a phone."""
    last = len(cells) - 1 if meter else -1
    told = "".join(f"<td{' class=meter' if n == last else ''}>{cell}</td>" for n, cell in enumerate(cells))
    return f'<tr class="{css}">{told}' + "".join(f'<td class="number">{number}</td>' for number in numbers) + "</tr>"


def _table(texts: Sequence[str], numbers: Iterable[str], rows: Iterable[str], *, meter: bool = False) -> str:
    last = len(texts) - 1 if meter else -1
    head = "".join(f"<th{' class=meter' if n == last else ''}>{escape(text)}</th>" for n, text in enumerate(texts))
    head += "".join(f'<th class="number">{escape(text)}</th>' for text in numbers)
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table></div>'
