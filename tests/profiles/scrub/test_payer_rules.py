"""Rules that a payer gives as data."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from profiles.outcome import OperationOutcomeError
from profiles.scrub.context import EditTables
from profiles.scrub.finding import Finding
from profiles.scrub.payer_rules import payer_rules, read_payer_rules
from tests.make_claim import make_claim

Findings = Callable[..., list[Finding]]


def given(
    findings: Findings, claim: dict[str, Any], today: str = "2026-06-01", **rules: Any
) -> list[Finding]:
    """What is found in a Claim with one payer's rules and no table."""
    tables = replace(EditTables(), payers=(payer_rules(rules),))
    return findings(claim, tables=tables, today=today)


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ({"timelyFilingDays": 27}, "timely-filing"),
        ({"timelyFilingDays": 28}, None),
        ({"notCovered": ["99213"]}, "payer-not-covered"),
        ({"authorization": ["99213"]}, "payer-authorization"),
        ({"units": {"99213": 0}}, "payer-units"),
        ({"diagnoses": {"99213": ["Z12.31"]}}, "payer-diagnosis"),
        ({"diagnoses": {"99213": ["E11"]}}, None),
        ({"payers": ["Organization/o1"], "notCovered": ["99213"]}, "payer-not-covered"),
        ({"payers": ["Organization/other"], "notCovered": ["99213"]}, None),
        (
            {
                "constraint": [
                    {
                        "key": "f",
                        "severity": "error",
                        "human": "x",
                        "expression": "facility.exists()",
                    }
                ]
            },
            "f",
        ),
        (
            {
                "constraint": [
                    {
                        "key": "f",
                        "severity": "error",
                        "human": "x",
                        "expression": "diagnosis.single().exists()",
                    }
                ]
            },
            "payer-rule-failed",
        ),
    ],
)
def test_each_rule_of_a_payer_is_kept(
    findings: Findings, rules: dict[str, Any], expected: str | None
) -> None:
    """A rule speaks of the Claims of its payer, and cites its source."""
    cited = {"version": "7", "source": "manual", **rules}
    found = given(findings, make_claim(), **cited)
    assert [one.rule for one in found] == ([] if expected is None else [expected])
    assert all(one.source.startswith("manual, 7") for one in found)


def test_a_payer_weighs_our_rules(findings: Findings) -> None:
    """A payer may make a rule graver or silent."""
    claim = make_claim(("E11.9", "E11.9"), lines=({"diagnosisSequence": [3]},))
    weights = {"diagnosis-repeated": "error", "pointer-dangling": "off"}
    (found,) = given(findings, claim, severity=weights)
    assert (found.rule, found.severity) == ("diagnosis-repeated", "error")


@pytest.mark.parametrize(
    "text",
    [
        "no JSON",
        "[]",
        '{"colour": 1}',
        '{"severity": {"no-rule": "error"}}',
        '{"severity": {"excludes1": "bad"}}',
        '{"severity": []}',
        '{"units": {"99213": "many"}}',
        '{"units": 4}',
        '{"timelyFilingDays": -1}',
        '{"notCovered": "99213"}',
        '{"constraint": [{"key": "a"}]}',
        '{"constraint": [1]}',
        '{"constraint": [{"key": "a", "human": "b", "expression": "(("}]}',
    ],
)
def test_a_file_with_a_mistake_is_refused_by_name(tmp_path: Path, text: str) -> None:
    """A mistake in the rules is named with its file, and nothing is half used."""
    (tmp_path / "payer.json").write_text(text)
    with pytest.raises(OperationOutcomeError, match=r"payer\.json"):
        read_payer_rules(tmp_path)


def test_no_folder_has_no_rules(tmp_path: Path) -> None:
    """A folder that is not there has no rules."""
    assert read_payer_rules(tmp_path / "none") == ()
