"""The search parameters that are served: R4's, ours, and those that a site adds (R4 searchparameter.html)."""

import functools
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from profiles.definitions.r4 import artefact, definitions
from profiles.outcome import OperationOutcomeError
from profiles.search.unions import Values, unions
from terminology.systems import ISTHMUS

HL7: Final = "http://hl7.org/fhir/SearchParameter/"
KINDS: Final = frozenset(
    {"number", "date", "string", "token", "reference", "composite", "quantity", "uri", "special"}
)


@dataclass(frozen=True, slots=True)
class SearchParameter:
    """One parameter of one type.

    Parameters
    ----------
    code, kind : str
        Name in the URL, and its type (``token``, ``date`` …).
    expression : str
        FHIRPath of its values; empty for what is no element (``_content``).
    targets : tuple of str
        Types that a reference may lead to.
    components : tuple of (str, str)
        Parameter code and expression of each part of a composite.
    url : str
        Canonical address of the definition.
    sources : tuple of str
        Codes of the two parameters whose values it has together; it has no index rows then.
    systems : tuple of str
        Code systems of values that do not name theirs: of ``code`` elements, and of booleans.
    """

    code: str
    kind: str
    expression: str
    targets: tuple[str, ...] = ()
    components: tuple[tuple[str, str], ...] = ()
    url: str = ""
    sources: tuple[str, ...] = ()
    systems: tuple[str, ...] = ()


ASSOCIATED_ENCOUNTER: Final = "associated-encounter"

OURS: Final = {
    "DomainResource": (
        SearchParameter(
            ASSOCIATED_ENCOUNTER,
            "reference",
            "DomainResource.extension.where("
            "url='http://hl7.org/fhir/StructureDefinition/encounter-associatedEncounter')"
            ".value as Reference",
            ("Encounter",),
            url=f"{ISTHMUS}/SearchParameter/DomainResource-{ASSOCIATED_ENCOUNTER}",
        ),
    ),
    "DiagnosticReport": (
        SearchParameter(
            "imaging-study",
            "reference",
            "DiagnosticReport.imagingStudy",
            ("ImagingStudy",),
            url=f"{ISTHMUS}/SearchParameter/DiagnosticReport-imaging-study",
        ),
    ),
}
"""Parameters that R4 lacks: our screens need them, or an operation (R4 encounter-operation-everything)."""
_NO_DOMAIN_RESOURCES: Final = ("Binary", "Bundle", "Parameters")


@functools.cache
def parameters_of(kind: str) -> Mapping[str, SearchParameter]:
    """The parameters of a resource type by code, those of every type included."""
    listed = _listed()
    found: dict[str, SearchParameter] = {}
    for base in ("Resource", "DomainResource", kind):
        for code, entry in listed.get(base, {}).items():
            found[code] = _parameter(code, entry)
    ours = (*OURS["DomainResource"], *OURS.get(kind, ()))
    found.update({parameter.code: parameter for parameter in ours})
    if kind in _NO_DOMAIN_RESOURCES:
        for code in ("_text", ASSOCIATED_ENCOUNTER):
            found.pop(code, None)
    own = {
        code: Values(one.kind, one.expression, tuple(part for _, part in one.components))
        for code, one in found.items()
        if not code.startswith("_")
    }
    for code, sources in unions(kind, own).items():
        found[code] = replace(found[code], sources=sources)
    return found


@functools.cache
def compartments() -> dict[str, dict[str, list[str]]]:
    """Compartment → member type → parameters that make a member (R4 compartmentdefinition.html)."""
    found: dict[str, dict[str, list[str]]] = artefact("r4_search.json.gz")["compartments"]
    return found


def custom(resource: Mapping[str, Any]) -> dict[str, SearchParameter]:
    """Type → parameter, of a SearchParameter resource that a site has stored.

    Raises
    ------
    OperationOutcomeError
        ``invalid`` when it cannot be served: unknown base, an expression that is none, a composite.
    """
    kind, code = resource.get("type", ""), str(resource.get("code", ""))
    expression = resource.get("expression", "")
    if kind not in KINDS - {"special"} or not expression:
        raise OperationOutcomeError(
            "invalid", "a search parameter needs a type and an expression", "SearchParameter"
        )
    # Loaded with the first parameter of a site: few stores have one.
    from profiles.fhirpath.engine import compile_expression

    compile_expression(expression)
    bases = resource.get("base", ())
    if set(bases) - definitions().resources - {"Resource", "DomainResource"}:
        raise OperationOutcomeError("invalid", "base is no type of R4", "SearchParameter.base")
    parameter = SearchParameter(
        code, kind, expression, tuple(resource.get("target", ())), (), resource.get("url", "")
    )
    everywhere = {"Resource", "DomainResource"}.intersection(bases)
    served = definitions().resources if everywhere else bases
    if kind != "composite":
        return dict.fromkeys(served, parameter)
    return {base: replace(parameter, components=_components(resource, base)) for base in served}


def _components(resource: Mapping[str, Any], base: str) -> tuple[tuple[str, str], ...]:
    """Parts of a composite: each names a parameter of the type by its canonical address."""
    known = {parameter.url: parameter.code for parameter in parameters_of(base).values()}
    found = tuple(
        (known.get(part.get("definition", "").partition("|")[0], ""), part.get("expression", ""))
        for part in resource.get("component", ())
    )
    if not 2 <= len(found) <= 3 or not all(code and expression for code, expression in found):
        raise OperationOutcomeError(
            "invalid",
            "a composite has two or three parts, each a parameter of its type",
            "SearchParameter.component",
        )
    return found


@functools.cache
def _listed() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = artefact("r4_search.json.gz")["parameters"]
    return found


def _parameter(code: str, entry: dict[str, Any]) -> SearchParameter:
    return SearchParameter(
        code=code,
        kind=entry["type"],
        expression=entry.get("expression", ""),
        targets=tuple(entry.get("target", ())),
        components=tuple((c["code"], c["expression"]) for c in entry.get("component", ())),
        url=HL7 + entry["id"],
        systems=tuple(entry.get("systems", ())),
    )
