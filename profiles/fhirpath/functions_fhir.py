"""What R4 adds to FHIRPath (R4 fhirpath.html#functions), ``trace`` and ``type``."""

import logging
import re
from typing import Final

from profiles.definitions.r4 import definitions
from profiles.fhirpath import operators
from profiles.fhirpath.compile import Nodes, Run, Scope, compiled
from profiles.fhirpath.functions_collection import each, function, plain
from profiles.fhirpath.kinds import ancestors, described
from profiles.fhirpath.nodes import Node, boolean, children, system, unwrapped, written
from profiles.fhirpath.syntax import Tree
from profiles.outcome import OperationOutcomeError
from profiles.xhtml import is_narrative

log = logging.getLogger("isthmus.fhirpath")

_LITERAL: Final = re.compile(r"(?:.*/)?([A-Z]\w+)/([A-Za-z0-9\-.]{1,64})(?:/_history/.+)?")


def _has_value(nodes: Nodes) -> Nodes:
    one = nodes[0] if len(nodes) == 1 else None
    return boolean(one is not None and one.value is not None and not isinstance(one.value, dict))


def _get_value(nodes: Nodes) -> Nodes:
    if len(nodes) != 1 or nodes[0].value is None or isinstance(nodes[0].value, dict):
        return []
    return [system(unwrapped(nodes[0]))]


def _type(nodes: Nodes) -> Nodes:
    return [Node(described(node), "System.TypeInfo") for node in nodes]


def _html_checks(nodes: Nodes) -> Nodes:
    return boolean(all(is_narrative(str(node.value)) for node in nodes)) if nodes else []


plain("hasValue", _has_value)
plain("getValue", _get_value)
plain("htmlChecks", _html_checks)
plain("htmlChecks2", _html_checks)
plain("type", _type)


@function("extension", 1)
def _extension(url: Tree) -> Run:
    run = compiled(url)

    def evaluate(scope: Scope, nodes: Nodes) -> Nodes:
        wanted = operators.single(run(scope, scope.this))
        address = None if wanted is None else unwrapped(wanted)
        return [
            child
            for node in nodes
            for child in children(node, "extension")
            if isinstance(child.value, dict) and child.value.get("url") == address
        ]

    return evaluate


@function("resolve")
def _resolve() -> Run:
    """A contained resource, or a typed stand-in for what is elsewhere: nothing is fetched."""

    def evaluate(scope: Scope, nodes: Nodes) -> Nodes:
        found = [_resolved(scope, node) for node in nodes]
        return [node for node in found if node is not None]

    return evaluate


def _resolved(scope: Scope, node: Node) -> Node | None:
    value = node.value
    reference = str((value.get("reference") if isinstance(value, dict) else value) or "")
    if reference.startswith("#"):
        return _contained(scope, reference[1:])
    found = _in_bundle(scope, reference)
    if found is not None:
        return found
    match = _LITERAL.fullmatch(reference)
    kind = match[1] if match else value.get("type") if isinstance(value, dict) else None
    if kind not in definitions().resources:
        return None
    stand_in = {"resourceType": kind, **({"id": match[2]} if match else {})}
    return Node(stand_in, str(kind))


def _in_bundle(scope: Scope, reference: str) -> Node | None:
    """The resource that an entry of the Bundle in hand carries (R4 bundle.html#references)."""
    for root in scope.variables.get("rootResource", ()):
        if root.type != "Bundle" or not reference or not isinstance(root.value, dict):
            continue
        for entry in root.value.get("entry", ()):
            address, one = str(entry.get("fullUrl", "")), entry.get("resource")
            relative = address.endswith(f"/{reference}") and _LITERAL.fullmatch(reference)
            if isinstance(one, dict) and (address == reference or relative):
                return Node(one, str(one.get("resourceType", "Resource")), None, entry, "resource")
    return None


def _contained(scope: Scope, wanted: str) -> Node | None:
    for root in scope.variables.get("rootResource", []) + scope.variables.get("resource", []):
        if not wanted:
            return root
        for one in root.value.get("contained", ()) if isinstance(root.value, dict) else ():
            if one.get("id") == wanted:
                return Node(one, str(one.get("resourceType", "Resource")))
    return None


@function("trace", 1, 2)
def _trace(name: Tree, projection: Tree | None = None) -> Run:
    """Counts go to the debug log, values only to a caller who asks: they may be a patient's."""
    named = compiled(name)
    run = None if projection is None else compiled(projection)

    def evaluate(scope: Scope, nodes: Nodes) -> Nodes:
        label = operators.single(named(scope, scope.this), "trace()")
        text = "" if label is None else str(unwrapped(label))
        log.debug("fhirpath.trace", extra={"label": text, "count": len(nodes)})
        if scope.evaluation.traces is not None:
            seen = nodes
            if run is not None:
                seen = [one for _, found in each(scope, nodes, run) for one in found]
            scope.evaluation.traces.append((text, seen))
        return nodes

    return evaluate


@function("conformsTo", 1)
def _conforms_to(profile: Tree) -> Run:
    """Conformance to a base type; other profiles are not known here (R4 fhirpath.html#conformsTo)."""
    run = compiled(profile)

    def evaluate(scope: Scope, nodes: Nodes) -> Nodes:
        wanted = operators.single(run(scope, scope.this))
        if wanted is None or not nodes:
            return []
        prefix, _, name = str(unwrapped(wanted)).rpartition("/")
        if prefix != "http://hl7.org/fhir/StructureDefinition" or name not in definitions().types:
            raise OperationOutcomeError("invalid", "FHIRPath: this profile is not known")
        return boolean(all(name in ancestors(node.type) for node in nodes))

    return evaluate


@function("checkModifiers", 0, 20)
def _check_modifiers(*allowed: Tree) -> Run:
    runs = [compiled(one) for one in allowed]

    def evaluate(scope: Scope, nodes: Nodes) -> Nodes:
        known = {str(written(node)) for run in runs for node in run(scope, scope.this)}
        for node in nodes:
            for child in children(node, "modifierExtension"):
                if not isinstance(child.value, dict) or child.value.get("url") not in known:
                    raise OperationOutcomeError(
                        "invalid", "FHIRPath: an unknown modifier extension"
                    )
        return nodes

    return evaluate
