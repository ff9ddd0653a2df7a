"""``Task/[id]/$decide``: a named person accepts, changes or rejects an AI result: 200, 400, 409, 422.

The review Task's focus says what is decided: a report as a whole, a note section by section, a Claim
code by code. Everything that a decision changes is one transaction.
"""

from typing import Any, Final
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import Response

from gateway.decision import Decision
from gateway.fhir_answer import base_of, fhir_json, store_of, transact
from gateway.operations.definition import Operation, Parameter
from gateway.operations.endpoint import read_call
from gateway.operations.result_bundle import result_bundle
from gateway.review import Decided, apply_decision
from profiles.scrub.finding import scrub_outcome


async def decide_review(request: Request) -> Response:
    """Apply a decision and answer with what it made."""
    call = await read_call(request, OPERATION)
    decision = Decision(
        call.one("decision", ""),
        call.one("performer"),
        call.one("reason"),
        call.one("version"),
        call.one("override"),
        tuple(call.given.get("resource", ())),
        tuple(call.given.get("code", ())),
        tuple(call.given.get("section", ())),
        tuple(call.given.get("speaker", ())),
    )
    settings = request.app.state.settings
    decided = await transact(request, lambda tx: apply_decision(tx, call.id, decision, settings))
    return fhir_json(request, _answer(request, decided))


def _answer(request: Request, decided: Decided) -> dict[str, Any]:
    bundle = result_bundle(store_of(request), decided.reference, base_of(request))
    if decided.findings is not None:
        said = {"fullUrl": f"urn:uuid:{uuid4()}", "resource": scrub_outcome(decided.findings)}
        bundle["entry"].append(said)
    return bundle


_EVIDENCE: Final = (
    Parameter("document", "in", 1, "1", "Reference", "The document that holds it."),
    Parameter("start", "in", 1, "1", "unsignedInt", "First character, counted from 0."),
    Parameter("end", "in", 1, "1", "unsignedInt", "Character after the last one."),
)
_CODE: Final = (
    Parameter("decision", "in", 1, "1", "code", "accept, modify, reject or add."),
    Parameter("element", "in", 0, "1", "code", "diagnosis (default) or item."),
    Parameter("sequence", "in", 0, "1", "positiveInt", "Sequence of the element decided on."),
    Parameter("target", "in", 0, "1", "Coding", "Its code, where no sequence is given."),
    Parameter("coding", "in", 0, "1", "Coding", "The code that takes its place or is added."),
    Parameter("reason", "in", 0, "1", "string", "Why."),
    Parameter("modifier", "in", 0, "*", "code", "All modifiers of the line."),
    Parameter("units", "in", 0, "1", "positiveInt", "Units of the line."),
    Parameter(
        "pointer", "in", 0, "*", "string", "All diagnoses of the line: sequence or code of each."
    ),
    Parameter("position", "in", 0, "1", "positiveInt", "Where it is to stand, 1 for the first."),
    Parameter("evidence", "in", 0, "*", "", "Where an added code stands.", _EVIDENCE),
)

_SECTION: Final = (
    Parameter("code", "in", 0, "1", "code", "LOINC code of the section."),
    Parameter("title", "in", 0, "1", "string", "Its title, where no code is given."),
    Parameter("decision", "in", 1, "1", "code", "accepted, modified or rejected."),
    Parameter("text", "in", 0, "1", "string", "The edited section: one sentence per line."),
)

_SPEAKER: Final = (
    Parameter("role", "in", 1, "1", "code", "Who it is: doctor, patient or other."),
    Parameter(
        "heardAs",
        "in",
        0,
        "1",
        "code",
        "Turns of this role as it is now, or unknown.",
    ),
    Parameter("channel", "in", 0, "1", "unsignedInt", "Turns of this channel alone."),
    Parameter("name", "in", 0, "1", "string", "Turns of one that the transcript calls so."),
    Parameter(
        "segment",
        "in",
        0,
        "*",
        "unsignedInt",
        "Single turns by number; they count before the others.",
    ),
)

OPERATION: Final = Operation(
    "decide",
    "Accept, change or reject the AI result of a review Task, as a named person.",
    resources=("Task",),
    endpoint=decide_review,
    parameters=(
        Parameter(
            "decision",
            "in",
            0,
            "1",
            "code",
            "accepted, modified or rejected; without it the codes of a Claim or sections of a note are "
            "decided and it stays a draft. A report needs it.",
        ),
        Parameter("performer", "in", 1, "1", "Reference", "The Practitioner who decides."),
        Parameter("reason", "in", 0, "1", "string", "Why."),
        Parameter("resource", "in", 0, "*", "Resource", "Edited resources of a modified report."),
        Parameter("code", "in", 0, "*", "", "A decision on one code of a Claim.", _CODE),
        Parameter("section", "in", 0, "*", "", "A decision on a section of a note.", _SECTION),
        Parameter(
            "speaker",
            "in",
            0,
            "*",
            "",
            "Who speaks in the visit, given without a decision: the note is written again.",
            _SPEAKER,
        ),
        Parameter(
            "version",
            "in",
            0,
            "1",
            "string",
            "meta.versionId of the Claim or note that was seen; required with code, section and speaker.",
        ),
        Parameter(
            "override",
            "in",
            0,
            "1",
            "string",
            "Why a Claim is approved although the scrub has found errors.",
        ),
        Parameter(
            "return",
            "out",
            1,
            "1",
            "Bundle",
            "What the decision has made; of a Claim also the OperationOutcome of its scrub.",
        ),
    ),
)
