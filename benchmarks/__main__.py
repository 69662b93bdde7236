"""Measure, and write down what was measured: see `python -m benchmarks --help`."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks import page, results, table
from benchmarks.contest import measure
from benchmarks.databases import STATES, Missing, database
from benchmarks.exports import Exports
from benchmarks.measure import Failed
from benchmarks.rows import BY_NAME, ROWS, SIZES, usual

_USUALLY = "Left out unless named: the other importers on L, the naive one in PostgreSQL, most of ours on XL."


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure the rows that are asked for, or draw what was measured."""
    options = _parser().parse_args(arguments)
    if options.draw:
        for path in page.draw(results.everything(options.results)):
            print(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)
        return
    with tempfile.TemporaryDirectory(prefix="rostersync-bench-") as gone:
        folder = (options.keep or Path(gone)).resolve()
        exports = Exports(folder, options.size)
        for state in STATES if options.state == "both" else (options.state,):
            try:
                chosen = options.rows or usual(options.size, state)
                _measure(state, chosen, folder / options.size, exports, options.results)
            except (Missing, Failed) as reason:
                sys.exit(str(reason))


def _measure(state: str, chosen: Sequence[str], folder: Path, exports: Exports, into: Path) -> None:
    """One state's rows; each is written down as soon as it is there, for the next ones may take an hour."""
    counts = exports.counts()
    print(f"\n{exports.size}, {state}: {table.described(counts)}", flush=True)
    with database(state) as place:
        for name, taken, why_not in measure(chosen, folder, exports, place):
            print(f"  {BY_NAME[name].shown}: {why_not or 'measured'}", flush=True)
            if taken:
                results.save(results.load(exports.size, counts, into).having(state, name, taken), into)
    print(f"\n{table.of_size(results.load(exports.size, counts, into), state)}")


def _rows(text: str) -> tuple[str, ...]:
    if unknown := sorted(set(names := text.split(",")) - set(BY_NAME)):
        raise argparse.ArgumentTypeError(f"no such row: {', '.join(unknown)}; there are {', '.join(BY_NAME)}")
    return tuple(names)


def _parser() -> argparse.ArgumentParser:
    listed = "\n".join(f"  {row.name:<12} {row.shown}" for row in ROWS)
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="What a night costs, as ratios to bare iterparse over the same file, taken just before each row.",
        epilog=f"rows:\n{listed}\n\n{_USUALLY}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--size", choices=SIZES, default="M", help="2, 19, 190 or 1,900 schools")
    parser.add_argument("--state", choices=[*STATES, "both"], default="sqlite", help="where the state is")
    parser.add_argument("--rows", type=_rows, metavar="ROW,...", help="only these, and the first load they stand on")
    parser.add_argument(
        "--keep", type=Path, metavar="DIR", help="keep the exports, and in SQLite the loaded state, for another time"
    )
    parser.add_argument("--results", type=Path, default=results.FOLDER, metavar="DIR", help="where the figures go")
    parser.add_argument("--draw", action="store_true", help="write docs/performance.md and .svg from them, and stop")
    return parser


if __name__ == "__main__":
    main()
