"""A person's decision on a draft Claim: its status, who stands for it, and its Provenance (R4 claim.html).

Approved (accepted or modified) → ``active``, with the person as enterer: R4's "individual who created the
claim", which an AI cannot be. Rejected → ``entered-in-error``: ``cancelled`` is for what was in force, and
no draft ever was. Without a decision on the whole it stays a draft. ``careTeam`` names who provided the
services, so the person who codes does not stand there. The AIAST label stays: an AI was used.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from profiles.builders.claim_narrative import cell, narrated, table
from profiles.builders.coded_element import code_of_concept, decision_of
from profiles.fhir_time import instant
from profiles.scrub.finding import Finding
from profiles.uids import derived_id
from terminology.claims import CODE_DECISION
from terminology.coding import Code, concept
from terminology.systems import CLAIM_EDIT, DECISION, PROVENANCE_PARTICIPANT

ACCEPTED: Final = "accepted"
MODIFIED: Final = "modified"
REJECTED: Final = "rejected"
STATUS: Final = {ACCEPTED: "active", MODIFIED: "active", REJECTED: "entered-in-error", "": "draft"}
"""Status of the Claim by decision on the whole; empty while only single codes are decided."""

_ENTERERS: Final = ("Practitioner/", "PractitionerRole/")


def decided_claim(
    claim: Mapping[str, Any], decision: str, performer: Mapping[str, Any]
) -> dict[str, Any]:
    """The Claim as it is after a decision, its codes already edited."""
    after = {**claim, "status": STATUS[decision], "text": _narrative(claim, decision, performer)}
    if STATUS[decision] == "draft":
        return after
    # What was rejected on the way is the draft's business; the records keep it.
    marks = [one for one in claim.get("extension", ()) if one["url"] != CODE_DECISION]
    after = {**after, "extension": marks} if marks else _without(after, "extension")
    if STATUS[decision] == "active" and _may_enter(performer):
        after["enterer"] = dict(performer)
    return after


def _without(claim: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in claim.items() if key != name}


def decision_provenance(
    claim: Mapping[str, Any],
    decision: str,
    performer: Mapping[str, Any],
    reason: str,
    moment: datetime,
    *,
    version: int,
    beside: Sequence[str] = (),
    overridden: tuple[str, Sequence[Finding]] = ("", ()),
) -> dict[str, Any]:
    """Who decided: the verifier of an approval or a rejection, the author of a correction.

    ``version`` is that of the Claim on which was decided, ``beside`` names what was written with it, and
    ``overridden`` holds why it was approved in spite of errors, and these.
    """
    whole = decision in (ACCEPTED, MODIFIED, REJECTED)
    role = ("verifier", "Verifier") if whole else ("author", "Author")
    activity = decision or MODIFIED
    resource: dict[str, Any] = {
        "resourceType": "Provenance",
        "id": derived_id("Provenance", "decision", str(claim["id"]), str(version)),
        "target": [{"reference": one} for one in (f"Claim/{claim['id']}", *beside)],
        "recorded": instant(moment),
        "activity": concept(Code(DECISION, activity, activity.title())),
        "agent": [{"type": concept(Code(PROVENANCE_PARTICIPANT, *role)), "who": dict(performer)}],
    }
    why, errors = overridden
    reasons: list[dict[str, Any]] = [{"text": reason}] if reason else []
    if errors:
        rules = dict.fromkeys(error.rule for error in errors)
        codings = [{"system": CLAIM_EDIT, "code": rule} for rule in rules]
        reasons.append({"coding": codings, "text": why})
    if reasons:
        resource["reason"] = reasons
    return resource


def _may_enter(performer: Mapping[str, Any]) -> bool:
    """Whether R4 lets a reference stand in Claim.enterer: a person's, or a name without an address."""
    reference = str(performer.get("reference", ""))
    return not reference or any(kind in f"/{reference}" for kind in map("/".__add__, _ENTERERS))


def _narrative(
    claim: Mapping[str, Any], decision: str, performer: Mapping[str, Any]
) -> dict[str, Any]:
    name = performer.get("display") or performer.get("reference") or ""
    said = f"AI suggestion, {decision} by {name}." if decision else f"Draft, corrected by {name}."
    coded = [
        *((one, one.get("diagnosisCodeableConcept")) for one in claim.get("diagnosis", ())),
        *((one, one.get("productOrService")) for one in claim.get("item", ())),
    ]
    rows = (
        (code_of_concept(codes), _display(codes), decision_of(one).get("decision", "as suggested"))
        for one, codes in coded
    )
    body = table(("Code", "Meaning", "Decision"), rows) if coded else "<p>No code stands.</p>"
    return narrated(f"<p>{cell(said)}</p>{body}")


def _display(codes: Mapping[str, Any] | None) -> str:
    codings = (codes or {}).get("coding") or [{}]
    return str(codings[0].get("display", ""))
