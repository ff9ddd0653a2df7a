"""``$code``: codes for a clinical note, with their evidence, and the draft Claim that bills them.

On a stored document or encounter it is a job, as ``$analyze`` is: the answer waits for a bounded time, then
says 202. A resource that is sent along is coded without being stored; such a call always waits.
"""

import time
from dataclasses import asdict
from typing import Any, Final

import anyio
import orjson
from starlette.requests import Request
from starlette.responses import Response

from gateway.claim_scrub import tables_of
from gateway.coding_answer import coding_answer, sent_scrub
from gateway.coding_arrival import CODING_LANE
from gateway.coding_case import Asked
from gateway.coding_request import request_coding
from gateway.fhir_answer import fhir_json, store_of, transact
from gateway.negotiation import preference
from gateway.operations.code_result import code_result
from gateway.operations.definition import Call, Operation, Parameter
from gateway.operations.endpoint import accepted, read_call
from gateway.operations.job_status import ENDED, ended
from profiles.admission import require_admissible
from profiles.clinical_document import KINDS
from profiles.coding_records import CodingRequest, CodingResult
from profiles.exact_json import dumps_exact, loads_exact
from profiles.outcome import OperationOutcomeError
from profiles.records import from_json
from profiles.search.values import literal
from profiles.task import CODE
from terminology.claims import CLAIM_TYPES, ICD_10_PCS
from terminology.systems import CPT, HCPCS, ICD_10_CM

POLL_S: Final = 0.02
SYSTEMS: Final = (ICD_10_CM, ICD_10_PCS, CPT, HCPCS)
_SENT: Final = (*KINDS, "Bundle")


async def code(request: Request) -> Response:
    """Code what is stored or what was sent, and answer with codes, Claim and scrub."""
    call = await read_call(request, OPERATION)
    asked = _asked(call)
    sent = call.one("resource")
    if sent is not None:
        return await _code_sent(request, call, asked, sent)
    kind, key = _focus(call, asked)
    task_id = await transact(request, lambda tx: request_coding(tx, kind, key, asked, call.base))
    if preference(request, "respond-async") != "true":
        deadline = time.monotonic() + request.app.state.settings.code_wait_s
        while time.monotonic() < deadline:
            task = store_of(request).read("Task", task_id).json()
            if task["status"] == "completed":
                return await code_result(request, task)
            if task["status"] in ENDED:
                return ended(request, task)
            await anyio.sleep(POLL_S)
    return accepted(request, task_id)


async def _code_sent(request: Request, call: Call, asked: Asked, sent: dict[str, Any]) -> Response:
    if call.id:
        raise OperationOutcomeError("invalid", "the URL names the resource already", "resource")
    if sent.get("resourceType") not in _SENT:
        raise OperationOutcomeError("invalid", f"resource is a {', '.join(_SENT)}", "resource")
    require_admissible(sent)
    state = request.app.state
    asking = {
        "name": CODE.code,
        "resource": orjson.loads(dumps_exact(sent)),
        "asked": asdict(asked),
        "base": call.base,
    }
    made = await anyio.to_thread.run_sync(
        state.services.call_lane, CODING_LANE, asking, state.settings.code_wait_s
    )
    draft = [loads_exact(one.encode()) for one in made["draft"]]
    claims = [one for one in draft if one["resourceType"] == "Claim"]
    answer = coding_answer(
        from_json(CodingRequest, made["given"]),
        from_json(CodingResult, made["result"]),
        [one for one in draft if one["resourceType"] in ("Claim", "Provenance")],
        sent_scrub(claims[0], tables_of(state.settings)) if claims else None,
        base=call.base,
        rationale=asked.rationale,
    )
    return fhir_json(request, dumps_exact(answer))


def _focus(call: Call, asked: Asked) -> tuple[str, str]:
    """What is stored and to be coded: of the URL, else the encounter that is named."""
    if call.id:
        return call.kind, call.id
    if not asked.encounter:
        raise OperationOutcomeError(
            "required", "send a resource, or name a document or an encounter", "resource"
        )
    return "Encounter", asked.encounter.partition("/")[2]


def _asked(call: Call) -> Asked:
    """What the caller asks for (``value`` or ``code-invalid`` where that cannot be)."""
    threshold = call.one("threshold")
    if threshold is not None and not 0 <= float(threshold) <= 1:
        raise OperationOutcomeError("value", "threshold is a score from 0 to 1", "threshold")
    systems = tuple(call.given.get("system", ()))
    if not set(systems) <= set(SYSTEMS):
        raise OperationOutcomeError(
            "code-invalid", f"system is one of {', '.join(SYSTEMS)}", "system"
        )
    claim_type = call.one("claimType", "")
    if claim_type and claim_type not in CLAIM_TYPES:
        raise OperationOutcomeError(
            "code-invalid", f"claimType is one of {', '.join(CLAIM_TYPES)}", "claimType"
        )
    return Asked(
        systems=systems,
        threshold=None if threshold is None else float(threshold),
        claim_type=claim_type,
        encounter=_reference(call, "encounter", "Encounter"),
        coverage=_reference(call, "coverage", "Coverage"),
        rationale=bool(call.one("rationale", True)),
        by_hand=True,
    )


def _reference(call: Call, name: str, kind: str) -> str:
    given = call.one(name)
    if given is None:
        return ""
    target = literal(str(given.get("reference", "")), call.base)
    if target is None or target[0] != kind:
        raise OperationOutcomeError("invalid", f"{name} is a reference to an {kind} here", name)
    call.store.read(*target)
    return "/".join(target)


def _parts(*named: tuple[str, int, str, str, str]) -> tuple[Parameter, ...]:
    return tuple(
        Parameter(name, "out", low, high, kind, said) for name, low, high, kind, said in named
    )


_RULE: Final = _parts(
    ("rule", 0, "1", "string", "Its id, such as a section of the guidelines."),
    ("text", 0, "1", "string", "What it did here."),
    ("source", 0, "1", "string", "Where it stands."),
)
_EVIDENCE: Final = _parts(
    ("document", 1, "1", "Reference", "The document that the words stand in."),
    ("start", 1, "1", "unsignedInt", "First code point of the words in note.text, from 0."),
    ("end", 1, "1", "unsignedInt", "Code point after the last."),
    ("text", 1, "1", "string", "The words."),
    ("section", 0, "1", "string", "Section of the note."),
)

OPERATION: Final = Operation(
    "code",
    "Suggest billing codes for clinical notes, each with the words that it rests on, and draft the Claim. "
    "Offsets count Unicode code points of the text in note.text: what was read out of the document.",
    resources=(*KINDS, "Encounter"),
    levels=("type", "instance"),
    endpoint=code,
    parameters=(
        Parameter(
            "resource", "in", 0, "1", "Resource", "A note or Bundle to code without storing it."
        ),
        Parameter("encounter", "in", 0, "1", "Reference", "Encounter, where the note names none."),
        Parameter("coverage", "in", 0, "1", "Reference", "Coverage to bill; else the patient's."),
        Parameter("system", "in", 0, "*", "uri", "Code systems wanted; else all."),
        Parameter("claimType", "in", 0, "1", "code", "professional or institutional."),
        Parameter("threshold", "in", 0, "1", "decimal", "Score from which a code is suggested."),
        Parameter(
            "rationale", "in", 0, "1", "boolean", "Whether to cite rules; they are unless false."
        ),
        Parameter("return", "out", 0, "1", "Bundle", "The draft Claim and its Provenance."),
        Parameter(
            "suggestion",
            "out",
            0,
            "*",
            "",
            "A code.",
            (
                *_parts(
                    ("coding", 1, "1", "Coding", "The code and the release that it is of."),
                    ("confidence", 1, "1", "decimal", "Score from 0 to 1."),
                    ("status", 1, "1", "code", "suggested or below-threshold."),
                ),
                Parameter("evidence", "out", 1, "*", "", "Words of a note.", _EVIDENCE),
                *_parts(
                    ("modifier", 0, "*", "code", "Modifier of a service."),
                    ("pointer", 0, "*", "code", "Diagnosis that a service is for."),
                    ("units", 0, "1", "positiveInt", "Units of a service."),
                ),
                Parameter("rule", "out", 0, "*", "", "A rule that was applied.", _RULE),
            ),
        ),
        Parameter(
            "remark",
            "out",
            0,
            "*",
            "",
            "What a person must know.",
            (
                *_parts(
                    (
                        "kind",
                        1,
                        "1",
                        "code",
                        "omission, query, conflict, note-not-used or warning.",
                    ),
                    ("text", 1, "1", "string", "The remark."),
                    ("code", 0, "*", "code", "Codes that it is about."),
                ),
                Parameter("evidence", "out", 0, "*", "", "Words of a note.", _EVIDENCE),
                Parameter("rule", "out", 0, "1", "", "The rule that it rests on.", _RULE),
            ),
        ),
        Parameter(
            "note",
            "out",
            0,
            "*",
            "",
            "A text as it was read.",
            _parts(
                ("document", 1, "1", "Reference", "Where it comes from."),
                ("text", 1, "1", "string", "The text in which offsets count."),
            ),
        ),
        Parameter("scrub", "out", 0, "1", "OperationOutcome", "What the billing edits say."),
    ),
)
