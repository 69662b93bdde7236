"""Each connector and target answers to one list of rules: done, or exempt with the reason."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.conftest import ROOT

LISTS = sorted((ROOT / "src" / "rostersync").glob("*/*/quality.yaml"))
RULES = {
    "completeness-evidence",
    "full-and-delta",
    "paging",
    "timeouts",
    "retry-after",
    "auth-failure-distinct",
    "settings-documented",
    "sample-recorded",
    "hostile-sample",
    "no-personal-data-in-logs",
    "memory-bounded",
    "docs-page",
}


@pytest.mark.parametrize("path", LISTS, ids=lambda path: path.parent.name)
def test_every_rule_is_answered_and_no_other(path: Path) -> None:
    answers = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert set(answers) == RULES
    for rule, answer in answers.items():
        exempt = isinstance(answer, dict) and answer.get("exempt") is True and len(answer.get("because", "")) > 20
        assert answer == "done" or exempt, rule


def test_a_connector_with_a_docs_page_has_one() -> None:
    pages = [page.read_text(encoding="utf-8") for page in (ROOT / "docs" / "how-to").glob("*.md")]
    answers = {path.parent.name: yaml.safe_load(path.read_text(encoding="utf-8")) for path in LISTS}
    promised = [name for name, told in answers.items() if told["docs-page"] == "done"]
    assert [name for name in promised if not any(f'type = "{name}"' in page for page in pages)] == []
