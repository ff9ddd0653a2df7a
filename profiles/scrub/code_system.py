"""The edits of claims as a CodeSystem, so that whoever reads a finding can ask what it is (``$lookup``)."""

from typing import Any

from profiles.scrub.rules import RULES
from terminology.systems import CLAIM_EDIT


def edits_code_system() -> dict[str, Any]:
    """Every edit with its name, where it stands, and how grave it is unless a payer says otherwise."""
    return {
        "resourceType": "CodeSystem",
        "url": CLAIM_EDIT,
        "version": "1",
        "name": "ClaimEdit",
        "title": "Edits of claims",
        "status": "active",
        "experimental": False,
        "description": "What the scrub of a Claim finds; a code never changes its meaning.",
        "caseSensitive": True,
        "content": "complete",
        "count": len(RULES),
        "property": [
            {"code": "severity", "description": "error, warning or information", "type": "code"}
        ],
        "concept": [
            {
                "code": code,
                "display": rule.display,
                "definition": f"{rule.display} ({rule.source}).",
                "property": [{"code": "severity", "valueCode": rule.severity}],
            }
            for code, rule in RULES.items()
        ],
    }
