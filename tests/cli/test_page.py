"""The plan as an HTML page: what it says, that it is self-contained, and how a real browser shows it."""

from __future__ import annotations

import json
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from rostersync.page import to_html
from tests.cli.reports import ALARM, EVERYDAY, FLOWING, HELD, REFUSED, REMOVAL, WHOLE, report

_VOID = {"meta"}


class Page(HTMLParser):
    """Checks that every element is closed, and keeps the texts by section and all attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.tags: list[str] = []
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in _VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("style", "title"):
            self.text.append(data)


def text_of(**changes: Any) -> str:
    return " ".join("".join(Page(to_html(report(**changes))).text).split())


def test_the_page_is_one_well_formed_file_without_scripts_or_outside_files() -> None:
    html = to_html(report(entries=(HELD, WHOLE, FLOWING, ALARM), removal=REMOVAL, sources=(EVERYDAY, REFUSED)))
    page = Page(html)
    assert {"script", "link", "img", "iframe"}.isdisjoint(page.tags)
    assert {"src", "href", "onclick"}.isdisjoint(name for name, _ in page.attributes)
    assert "url(" not in html
    assert "@import" not in html


def test_what_needs_a_person_comes_first_with_its_command() -> None:
    text = text_of(entries=(HELD, FLOWING, ALARM), removal=REMOVAL, questions=3, sources=(REFUSED,))
    wanted = [
        "The source everyday was refused. zero persons",
        REFUSED.release,
        "312 × person depart at Nord skole (974589230), of 9,480, counting 2 from the six days before; the limit is 100.",
        "rostersync approve 77aa77aa77aa --reason ...",
        "40 × guardianship end at no school, of 50. They are not held",
        "4 users are due for permanent removal, which takes an approval.",
        "rostersync approve 9a0b9a0b9a0b --reason ...",
        "3 open questions",
    ]
    places = [text.index(one) for one in wanted]
    assert places == sorted(places)
    assert places[-1] < text.index("Changes in all")


def test_a_night_without_anything_says_so() -> None:
    text = text_of(changes={}, entries=(), delivered={})
    assert "What needs a person Nothing." in text
    assert "Nothing to change: the LMS holds what it should." in text


def test_schools_with_something_held_stand_open_the_others_closed_and_the_owner_first() -> None:
    html = to_html(report(entries=(FLOWING, HELD, WHOLE)))
    openings = [html[place : html.index("</summary>", place)] for place in _places(html, "<details")]
    assert [("open" in one.split(">")[0], one.split("<summary>")[1].split(" <")[0]) for one in openings] == [
        (True, "The whole owner"),
        (True, "Nord skole (974589230)"),
        (False, "Sør skole (970944443)"),
    ]


def test_a_gauge_is_full_where_it_is_held_and_marks_the_limit() -> None:
    assert '<span style="width:100%"></span><i style="left:32%"></i>' in to_html(report(entries=(HELD,)))
    assert '<span style="width:2%"></span></div>' in to_html(report(entries=(FLOWING,)))
    assert 'class="gauge"' not in to_html(report(entries=(replace(FLOWING, limit=None),)))


def test_words_from_outside_cannot_become_markup() -> None:
    evil = "<script>alert(1)</script>&"
    html = to_html(
        report(
            sync=evil,
            sources=(replace(REFUSED, name=evil, refused=evil),),
            entries=(replace(HELD, school_name=evil),),
            notes=(evil,),
            waiting={evil: 1},
        )
    )
    assert "<script" not in html
    assert "&lt;script&gt;" in html
    Page(html)


# -- in a real browser ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def browser() -> str:
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if not found:
        pytest.skip("no chromium on this machine (apt-get install chromium): the page is not looked at in a browser")
    return found


PROBE = """<script>
const wide = [...document.querySelectorAll('body *')].filter(one => !one.closest('.wide') || one.classList.contains('wide'));
document.title = JSON.stringify({
  paper: getComputedStyle(document.body).backgroundColor,
  overflow: Math.max(...wide.map(one => one.getBoundingClientRect().right)) - innerWidth,
  meters: [...document.querySelectorAll('td.meter')].filter(one => one.checkVisibility()).length,
  open: document.querySelectorAll('details[open]').length,
});
</script>"""
"""Measures the page from inside; only the test's copy has it, for the page itself has no script."""


def look(browser: str, folder: Path, width: int, *, dark: bool) -> dict[str, Any]:
    """Show a page with a held entry in a window of that width, and measure it."""
    html = to_html(report(entries=(HELD, WHOLE, FLOWING), sources=(EVERYDAY, REFUSED), removal=REMOVAL))
    (folder / "page.html").write_text(html.replace("</body>", f"{PROBE}</body>"), encoding="utf-8")
    arguments = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--dump-dom"]
    arguments += [f"--user-data-dir={folder / 'profile'}", f"--window-size={width},3000"]
    arguments += [f"--blink-settings=preferredColorScheme={0 if dark else 1}", f"file://{folder}/page.html"]
    dom = subprocess.run([browser, *arguments], check=True, capture_output=True, text=True, timeout=60).stdout
    return dict(json.loads(dom.split("<title>")[1].split("</title>")[0]))


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_a_browser_shows_it_by_day_and_by_night(browser: str, tmp_path: Path, dark: bool) -> None:
    seen = look(browser, tmp_path, 1100, dark=dark)
    assert seen["paper"] == ("rgb(22, 28, 34)" if dark else "rgb(255, 255, 255)")
    assert (seen["meters"], seen["open"]) == (2, 2)
    assert seen["overflow"] <= 0


def test_on_a_narrow_screen_nothing_runs_out_and_the_gauges_give_way(browser: str, tmp_path: Path) -> None:
    seen = look(browser, tmp_path, 500, dark=False)
    assert seen["meters"] == 0
    assert seen["overflow"] <= 0


def _places(text: str, part: str) -> list[int]:
    return [n for n in range(len(text)) if text.startswith(part, n)]
