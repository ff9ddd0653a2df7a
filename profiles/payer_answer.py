"""What a payer has said: which ClaimResponse answers our Claim, what it comes to, and why.

R4 claimresponse.html; PAS 2.2.1: an answer is matched by the URL or the identifier of its Claim, a review
action A4 or the outcome ``queued`` is pended. Payers answer with a ClaimResponse, a PAS Response Bundle, a
searchset, a transaction-response or Parameters: all are read.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from terminology.payer import (
    CARC,
    NOT_CERTIFIED,
    PAID,
    PENDED,
    REVIEW_ACTION,
    REVIEW_ACTION_CODE,
)

PATIENTS_SHARE: Final = frozenset({"1", "2", "3", "45", "253"})
"""Claim adjustment reasons that reduce a payment and deny nothing: deductible, co-insurance, co-payment,
the agreed fee, sequestration."""

FINAL: Final = frozenset({"answered", "partly-denied", "denied", "error"})
"""Verdicts after which nothing more is to come."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What we have asked about.

    Parameters
    ----------
    identifiers : frozenset of (str, str)
        System and value of each identifier of the Claim.
    urls : frozenset of str
        By which the Claim may be referred to: its full URL, and its address at the payer.
    """

    identifiers: frozenset[tuple[str, str]]
    urls: frozenset[str]


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to one Claim.

    Parameters
    ----------
    response : dict
        The ClaimResponse as it came.
    benefit : dict, optional
        An ExplanationOfBenefit that came with it.
    around : dict of str to dict
        What came with it, by full URL.
    """

    response: dict[str, Any]
    benefit: dict[str, Any] | None
    around: dict[str, dict[str, Any]]


def find_answer(said: Mapping[str, Any], sent: Sent) -> tuple[Answer | None, bool]:
    """The answer to our Claim, and whether there is one of which that is not known.

    A ClaimResponse that names another Claim is not ours. One that names none could be: it is returned with
    True, and only who has just sent the Claim may take it.
    """
    entries = list(_resources(said))
    around = _around(entries)
    benefits = [one for _, one in entries if one["resourceType"] == "ExplanationOfBenefit"]
    responses = [one for _, one in entries if one["resourceType"] == "ClaimResponse"]
    judged = [(one, _is_ours(one, sent, around)) for one in responses]
    for response, ours in reversed(judged):
        if ours:
            return Answer(response, _benefit(benefits, sent, around), around), False
    unnamed = [response for response, ours in judged if ours is None]
    if not unnamed:
        return None, False
    sole = len(unnamed) == len(judged) == 1
    return (Answer(unnamed[0], None, around) if sole else None), True


def _around(entries: Iterable[tuple[str, dict[str, Any]]]) -> dict[str, dict[str, Any]]:
    """Resources by full URL, and by the relative reference that leads to them (R4 bundle.html#references)."""
    found: dict[str, dict[str, Any]] = {}
    for url, resource in entries:
        if url:
            found[url] = resource
            found.setdefault(f"{resource['resourceType']}/{resource.get('id')}", resource)
    return found


def known_again(
    around: Mapping[str, Mapping[str, Any]], sent: Iterable[Mapping[str, Any]], ours: Iterable[str]
) -> dict[str, str]:
    """Our references by the addresses at which a payer has the same, as their identifiers say.

    Parameters
    ----------
    around : mapping
        What came with an answer, by address.
    sent, ours : iterables
        What was sent, and under which reference each stands here.
    """
    known = {
        (resource["resourceType"], *pair): reference
        for resource, reference in zip(sent, ours, strict=True)
        for pair in identifiers_of(resource)
    }
    found = {}
    for url, resource in around.items():
        kind = resource["resourceType"]
        same = {known[kind, *p] for p in identifiers_of(resource) if (kind, *p) in known}
        if len(same) == 1:
            found[url] = same.pop()
    return found


def _benefit(
    benefits: list[dict[str, Any]], sent: Sent, around: Mapping[str, dict[str, Any]]
) -> dict[str, Any] | None:
    ours = [one for one in benefits if _is_ours({**one, "request": one.get("claim")}, sent, around)]
    return ours[-1] if ours else None


def _is_ours(
    response: Mapping[str, Any], sent: Sent, around: Mapping[str, dict[str, Any]]
) -> bool | None:
    """Whether a response answers our Claim; None when it does not say which Claim it answers."""
    request = object_of(response.get("request"))
    reference = str(request.get("reference", ""))
    there = around.get(reference, {})
    claim = there if there.get("resourceType") == "Claim" else {}
    named = object_of(request.get("identifier"))
    names = [*objects(response.get("identifier")), *objects(claim.get("identifier")), named]
    if reference in sent.urls or sent.identifiers.intersection(map(_pair, names)):
        return True
    return False if claim or named else None


def _pair(identifier: Mapping[str, Any]) -> tuple[str, str]:
    return str(identifier.get("system", "")), str(identifier.get("value", ""))


def identifiers_of(claim: Mapping[str, Any]) -> frozenset[tuple[str, str]]:
    """System and value of each identifier that has a value."""
    return frozenset(_pair(one) for one in objects(claim.get("identifier")) if one.get("value"))


def _resources(said: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every resource of an answer with its full URL, at any depth of Bundles and Parameters."""
    if not isinstance(said, dict) or not isinstance(said.get("resourceType"), str):
        return
    yield "", dict(said)
    for part in objects(said.get("entry")) + objects(said.get("parameter")):
        for url, resource in _resources(part.get("resource")):
            yield url or str(part.get("fullUrl", "")), resource


def object_of(value: Any) -> dict[str, Any]:
    """What has to be an object; empty where a payer has written something else."""
    return value if isinstance(value, dict) else {}


def objects(value: Any) -> list[dict[str, Any]]:
    """The objects of what has to be a list of them."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _codes(concept: Any) -> list[tuple[str, str]]:
    """System and code of each coding of a CodeableConcept."""
    codings = objects(object_of(concept).get("coding"))
    return [
        (str(c.get("system", "")), c["code"]) for c in codings if isinstance(c.get("code"), str)
    ]


def verdict(response: Mapping[str, Any]) -> str:
    """What an answer comes to: ``pended``, ``error``, ``denied``, ``partly-denied`` or ``answered``."""
    if response.get("outcome") == "queued" or PENDED in _review_actions(response):
        return "pended"
    if response.get("outcome") == "error":
        return "error"
    items = objects(response.get("item")) + objects(response.get("addItem"))
    denied = [_is_denied(item) for item in (items or [dict(response)])]
    if all(denied):
        return "denied"
    return "partly-denied" if any(denied) else "answered"


def _is_denied(item: Mapping[str, Any]) -> bool:
    """Whether nothing is granted: not certified, or not paid for a reason that is no share of the patient."""
    if NOT_CERTIFIED in _review_actions(item):
        return True
    paid, why = 0.0, set[str]()
    for one in objects(item.get("adjudication")):
        if any(code in PAID for _, code in _codes(one.get("category"))):
            amount = object_of(one.get("amount")).get("value", 0)
            paid += float(amount) if isinstance(amount, int | float) else 0.0
        why |= {c if system == CARC else "denied" for system, c in _codes(one.get("reason"))}
    return paid <= 0 and bool(why - PATIENTS_SHARE)


def _review_actions(value: Any) -> set[str]:
    return {
        code
        for extension in _extensions(value, REVIEW_ACTION_CODE)
        for _, code in _codes(extension.get("valueCodeableConcept"))
    }


def _extensions(value: Any, url: str) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        if value.get("url") == url:
            yield value
        for inner in value.values():
            yield from _extensions(inner, url)
    elif isinstance(value, list):
        for inner in value:
            yield from _extensions(inner, url)


def reasons(response: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Every coded reason of an answer as a CodeableConcept, each once: errors, adjustments, reviews."""
    found = dict.fromkeys(tuple(_codes(concept)) for concept in _reasons(response))
    return [{"coding": _written(codes)} for codes in found if codes]


def codings_of(concept: Any) -> list[dict[str, Any]]:
    """System and code of each coding, without the texts that came with them."""
    return _written(_codes(concept))


def _written(codes: Iterable[tuple[str, str]]) -> list[dict[str, Any]]:
    return [{"system": s, "code": c} if s else {"code": c} for s, c in codes]


def _reasons(response: Mapping[str, Any]) -> Iterator[Any]:
    for error in objects(response.get("error")):
        yield error.get("code")
    items = objects(response.get("item")) + objects(response.get("addItem"))
    for item in (response, *items, *(one for i in items for one in objects(i.get("detail")))):
        for one in objects(item.get("adjudication")):
            yield one.get("reason")
    for action in _extensions(response, REVIEW_ACTION):
        for part in objects(action.get("extension")):
            if part.get("url") == "reasonCode":
                yield part.get("valueCodeableConcept")


def localized(resource: Any, names: Mapping[str, str], around: Mapping[str, Any]) -> Any:
    """A payer's resource with references to ours; what is not ours is kept as a name without an address.

    Parameters
    ----------
    resource : dict
        As it came.
    names : mapping of str to str
        Our references by the full URLs that we have sent.
    around : mapping of str to dict
        What came with it, by full URL: its identifiers go into references to it.
    """
    if isinstance(resource, list):
        return [localized(inner, names, around) for inner in resource]
    if not isinstance(resource, dict):
        return resource
    reference = resource.get("reference")
    if isinstance(reference, str) and not reference.startswith("#"):
        return _named(resource, reference, names, around)
    return {name: localized(inner, names, around) for name, inner in resource.items()}


def _named(
    given: Mapping[str, Any], reference: str, names: Mapping[str, str], around: Mapping[str, Any]
) -> dict[str, Any]:
    ours = names.get(reference)
    if ours is not None:
        return {**given, "reference": ours}
    kept = {name: value for name, value in given.items() if name != "reference"}
    named = objects(object_of(around.get(reference)).get("identifier"))
    if "identifier" not in kept and named:
        kept["identifier"] = named[0]
    return kept or {"display": "at the payer"}
