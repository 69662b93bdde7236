"""What exists is documented, what is documented exists, and no page points into the void."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest

from tests.conftest import ROOT

REFERENCE = runpy.run_path(str(ROOT / "scripts" / "reference.py"))
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])


@pytest.mark.parametrize("name", REFERENCE["pages"]())
def test_a_reference_page_says_what_the_code_says(name: str) -> None:
    written = ROOT / "docs" / "reference" / name
    assert written.read_text(encoding="utf-8") == REFERENCE["pages"]()[name], "run: make docs"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_in_a_page_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_file_that_a_page_names_in_src_exists(page: Path) -> None:
    named = set(re.findall(r"`((?:[a-z_]+/)*[a-z_]+\.py)`", page.read_text(encoding="utf-8")))
    roots = (ROOT, ROOT / "src" / "rostersync")
    assert sorted(one for one in named if not any((root / one).exists() for root in roots)) == []


def test_every_decision_says_context_decision_and_consequence_on_one_screen() -> None:
    for page in (ROOT / "docs" / "decisions").glob("0*.md"):
        text = page.read_text(encoding="utf-8")
        assert all(f"**{part}.**" in text for part in ("Context", "Decision", "Consequence")), page.name
        assert len(text.splitlines()) <= 40, page.name


def test_every_config_example_in_the_docs_is_valid_toml() -> None:
    import tomllib

    for page in PAGES:
        for block in re.findall(r"```toml\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL):
            tomllib.loads(block)
