"""What R4 adds for definitions: ``elementDefinition()``, and ``slice()`` as far as it can be said here.

R4 fhirpath.html#functions.
"""

from typing import Any

from profiles.definitions.r4 import ElementDefinition, definitions
from profiles.fhirpath.compile import Nodes, Run, Scope, compiled
from profiles.fhirpath.functions_collection import function
from profiles.fhirpath.nodes import Node, all_children
from profiles.fhirpath.places import Key, place_of
from profiles.fhirpath.syntax import Tree
from profiles.outcome import OperationOutcomeError


@function("elementDefinition")
def _element_definition() -> Run:
    """The definition of each element in the type that has it, as far as the definitions that ship say it."""

    def evaluate(scope: Scope, nodes: Nodes) -> Nodes:
        owners = _owners(scope) if nodes else {}
        found = [_defined(owners.get(place_of(node)), node) for node in nodes]
        return [Node(one, "ElementDefinition") for one in found if one is not None]

    return evaluate


def _owners(scope: Scope) -> dict[Key, str]:
    """The type that has each element of the resource in hand."""
    found: dict[Key, str] = {}
    front = list(scope.variables.get("rootResource", ()))
    while front:
        scope.evaluation.spend(len(front))
        inner: Nodes = []
        for owner in front:
            for child in all_children(owner):
                found[place_of(child)] = owner.type
                inner.append(child)
        front = inner
    return found


def _defined(owner: str | None, node: Node) -> dict[str, Any] | None:
    types = definitions().types
    if owner is None:
        # Nothing has a resource but itself; what an expression has made is no element.
        whole = node.type in definitions().resources
        return {"id": node.type, "path": node.type, "min": 0, "max": "*"} if whole else None
    # A primitive has what every element has.
    definition = types[owner] if owner in types else types["Element"]
    return _written(owner, definition.members[node.member][0])


def _written(owner: str, element: ElementDefinition) -> dict[str, Any]:
    path = f"{owner}.{element.name}{'[x]' if element.choice else ''}"
    made: dict[str, Any] = {
        "id": path,
        "path": path,
        "min": element.minimum,
        "max": "*" if element.many else "1",
        "base": {"path": path, "min": element.minimum, "max": "*" if element.many else "1"},
        # An element with children of its own has no type of a name.
        "type": [{"code": "BackboneElement" if "." in kind else kind} for kind in element.types],
        "isSummary": element.summary,
    }
    if element.rules:
        made["constraint"] = [
            {
                "key": rule.key,
                "severity": rule.severity,
                "human": rule.human,
                "expression": rule.expression,
            }
            for rule in element.rules
        ]
    if element.codes is not None:
        made["binding"] = {"strength": "required"}
    if element.binding is not None:
        strength, value_set = element.binding
        made["binding"] = {"strength": strength, "valueSet": value_set}
    return made


@function("slice", 2)
def _slice(structure: Tree, name: Tree) -> Run:
    """Needs the structure definition that has the slice, which is not here."""
    for argument in (structure, name):
        compiled(argument)

    def evaluate(scope: Scope, nodes: Nodes) -> Nodes:
        if not nodes:
            return []
        raise OperationOutcomeError("not-supported", "FHIRPath: slice() needs the profile")

    return evaluate
