"""A person's decision on an AI result: what it makes of the resources (R4 lifecycles, AI Transparency).

accepted → final; modified → amended, with the person's edits; rejected → entered-in-error. The person
stands in ``resultsInterpreter`` and as verifier in a Provenance. The AIAST label stays: an AI was used.
"""

from collections.abc import Sequence
from datetime import datetime
from html import escape
from typing import Any, Final

from profiles.fhir_time import instant
from profiles.narrative import html_attachment, narrative, page, paragraphs
from profiles.outcome import OperationOutcomeError
from profiles.report_text import UNREVIEWED
from profiles.uids import derived_id
from terminology.coding import Code, concept
from terminology.systems import DECISION, PROVENANCE_PARTICIPANT

_STATUS: Final = {
    "accepted": {"DiagnosticReport": "final", "Observation": "final", "Composition": "final"},
    "modified": {"DiagnosticReport": "amended", "Observation": "final", "Composition": "amended"},
    "rejected": {
        "DiagnosticReport": "entered-in-error",
        "Observation": "entered-in-error",
        "Composition": "entered-in-error",
        "Media": "entered-in-error",
        "ServiceRequest": "entered-in-error",
    },
}
_EDITABLE: Final = frozenset({"DiagnosticReport", "Observation", "Composition", "ServiceRequest"})
_FIXED: Final = ("resourceType", "id", "subject", "meta", "status")


def decide(
    decision: str,
    resources: Sequence[dict[str, Any]],
    performer: dict[str, Any],
    reason: str | None,
    edited: Sequence[dict[str, Any]],
    moment: datetime,
) -> list[dict[str, Any]]:
    """The resources that a decision changes or makes.

    Raises
    ------
    OperationOutcomeError
        ``code-invalid`` for an unknown decision, ``business-rule`` for edits that do not fit the
        decision or the result.
    """
    if decision not in _STATUS:
        raise OperationOutcomeError(
            "code-invalid", "the decision is accepted, modified or rejected", "decision"
        )
    if bool(edited) != (decision == "modified"):
        raise OperationOutcomeError(
            "business-rule", "edited resources come with the decision modified, and only with it"
        )
    edits = _checked(edited, resources)
    said = f"AI result, {decision} by {performer.get('display') or performer['reference']}."
    pictures = [r["content"] for r in resources if r["resourceType"] == "Media"]
    changed = [
        _decided({**resource, **edits.get(_key(resource), {})}, decision, performer, said, pictures)
        for resource in resources
        if resource["resourceType"] in _STATUS[decision] or _key(resource) in edits
    ]
    if decision == "rejected":
        changed += [
            {**r, "active": False} for r in resources if r["resourceType"] == "BodyStructure"
        ]
    return [*changed, _provenance(decision, changed, performer, reason, moment)]


def _checked(
    edited: Sequence[dict[str, Any]], resources: Sequence[dict[str, Any]]
) -> dict[tuple[str, str], dict[str, Any]]:
    known = {_key(resource) for resource in resources}
    edits = {}
    for resource in edited:
        key = (str(resource.get("resourceType")), str(resource.get("id")))
        if key not in known or key[0] not in _EDITABLE:
            raise OperationOutcomeError(
                "business-rule", "an edited resource is not part of this result", "resource"
            )
        edits[key] = {name: value for name, value in resource.items() if name not in _FIXED}
    return edits


def _key(resource: dict[str, Any]) -> tuple[str, str]:
    return resource["resourceType"], resource["id"]


def _decided(
    resource: dict[str, Any],
    decision: str,
    performer: dict[str, Any],
    said: str,
    pictures: Sequence[dict[str, Any]],
) -> dict[str, Any]:
    kind = resource["resourceType"]
    if kind == "Observation" and resource["status"] == "cancelled":
        return resource  # a refusal has nothing that could become final
    after = {**resource, "status": _STATUS[decision].get(kind, resource["status"])}
    if kind == "DiagnosticReport":
        after["resultsInterpreter"] = [performer]
        after["conclusion"] = after["conclusion"].replace(UNREVIEWED, said)
        after["text"] = narrative(after["conclusion"])
        after["presentedForm"] = [_presented(after["conclusion"], said, pictures)]
    if kind == "Composition":
        after["section"] = [_reviewed(section, said) for section in after["section"]]
    return after


def _reviewed(section: dict[str, Any], said: str) -> dict[str, Any]:
    """A section that no longer says that nobody has looked."""
    if "text" not in section:
        return section
    div = section["text"]["div"].replace(escape(UNREVIEWED), escape(said))
    return {**section, "text": {**section["text"], "div": div}}


def _presented(conclusion: str, said: str, pictures: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The decided text as one HTML document, with the key images of the result."""
    figures = "".join(
        f'<figure><img alt="key image" src="data:{escape(p["contentType"])};base64,{p["data"]}"/></figure>'
        for p in pictures
    )
    body = f'<h1>Imaging report</h1><div class="warn">{paragraphs(said)}</div>'
    return html_attachment(
        page("Imaging report", f"{body}{paragraphs(conclusion)}{figures}"), "Reviewed report"
    )


def _provenance(
    decision: str,
    targets: Sequence[dict[str, Any]],
    performer: dict[str, Any],
    reason: str | None,
    moment: datetime,
) -> dict[str, Any]:
    report = next(r for r in targets if r["resourceType"] == "DiagnosticReport")
    resource: dict[str, Any] = {
        "resourceType": "Provenance",
        "id": derived_id("Provenance", "decision", report["id"], instant(moment)),
        "target": [{"reference": "/".join(_key(target))} for target in targets],
        "recorded": instant(moment),
        "activity": concept(Code(DECISION, decision, decision.title())),
        "agent": [
            {
                "type": concept(Code(PROVENANCE_PARTICIPANT, "verifier", "Verifier")),
                "who": performer,
            }
        ],
    }
    if reason:
        resource["reason"] = [{"text": reason}]
    return resource
