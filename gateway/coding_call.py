"""A note that is coded without being stored: what a lane process answers to a call.

The gateway hands over what a client has sent; extraction and coding run here, in the process that may be
killed when a document takes too long. The answer holds what the coder was given, what it made, and the
draft Claim.
"""

from collections.abc import Mapping
from typing import Any

from gateway.coding import Coding
from gateway.coding_case import Asked
from gateway.coding_sources import SentSources
from profiles.clinical_document import KINDS
from profiles.exact_json import dumps_exact
from profiles.outcome import OperationOutcomeError
from profiles.records import from_json, to_json


class CodingCall:
    """Answers ``{"resource", "asked", "base"}`` with ``{"given", "result", "draft"}``.

    Each resource of the draft is JSON of its own, in which amounts keep their digits (R4 datatypes).

    Parameters
    ----------
    coding : Coding
        The coder, shared with the jobs of the lane.
    """

    def __init__(self, coding: Coding) -> None:
        self._coding = coding

    def __call__(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Code what was sent; the record is read and nothing is written."""
        sources = SentSources(request["resource"], self._coding.sources)
        coded = self._coding.code(
            _lead(sources),
            from_json(Asked, request["asked"]),
            sources=sources,
            base=request["base"],
        )
        draft = coded.draft()
        return {
            "given": to_json(coded.case.request),
            "result": to_json(coded.result),
            "draft": [] if draft is None else _exact(draft.claim, *draft.beside),
        }


def _exact(*resources: Mapping[str, Any]) -> list[str]:
    return [dumps_exact(one).decode() for one in resources]


def _lead(sources: SentSources) -> Mapping[str, Any]:
    """The note that was sent; of a Bundle its Composition, else its first document."""
    documents = sources.documents("")
    if not documents:
        raise OperationOutcomeError(
            "business-rule", f"there is no {' or '.join(KINDS)} to code", "resource"
        )
    order = ("Composition", "DocumentReference", "DiagnosticReport")
    return min(documents, key=lambda one: order.index(one["resourceType"]))
