"""What every connector owes those who run it is said in its quality.yaml: done, or exempt and why."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.conftest import ROOT

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
LISTS = sorted((ROOT / "src" / "rostersync" / "connectors").glob("*/quality.yaml"))


@pytest.mark.parametrize("path", LISTS, ids=lambda path: path.parent.name)
def test_every_rule_is_done_or_exempt_with_a_reason(path: Path) -> None:
    said = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert set(said) == RULES
    for rule, state in said.items():
        if state != "done":
            assert state["exempt"] is True, rule
            assert len(state["because"].split()) > 3, rule
