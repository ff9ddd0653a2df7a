"""What R4 adds for codes, as far as the shipped definitions decide it (R4 fhirpath.html#functions)."""

from profiles.definitions.r4 import definitions, value_sets
from profiles.fhirpath import operators
from profiles.fhirpath.compile import Nodes, Run, Scope, compiled
from profiles.fhirpath.functions_collection import function
from profiles.fhirpath.nodes import Node, boolean, unwrapped
from profiles.fhirpath.syntax import Tree
from profiles.outcome import OperationOutcomeError

Coding = tuple[str | None, str]
"""System, None where only the code is known, and code."""


def _not_here(what: str) -> OperationOutcomeError:
    return OperationOutcomeError("not-supported", f"FHIRPath: {what} needs a terminology server")


def _codings(node: Node) -> list[Coding]:
    """The codes of a code, a Coding or a CodeableConcept."""
    value = node.value
    if isinstance(value, dict):
        listed = value.get("coding", ()) if node.type == "CodeableConcept" else (value,)
        return [(one.get("system"), str(one["code"])) for one in listed if one.get("code")]
    plain = unwrapped(node)
    return [(None, plain)] if isinstance(plain, str) else []


@function("memberOf", 1)
def _member_of(value_set: Tree) -> Run:
    run = compiled(value_set)

    def evaluate(scope: Scope, nodes: Nodes) -> Nodes:
        wanted = operators.single(run(scope, scope.this), "memberOf()")
        node = operators.single(nodes, "memberOf()")
        if wanted is None or node is None:
            return []
        address = str(unwrapped(wanted)).partition("|")[0]
        return boolean(any(_contained(address, coding) for coding in _codings(node)))

    return evaluate


def _contained(address: str, coding: Coding) -> bool:
    system, code = coding
    listed = value_sets().get(address)
    if listed is not None:
        codes = listed.values() if system is None else [listed.get(system, frozenset())]
        return any(code in one for one in codes)
    closed = definitions().codes.get(address)
    if closed is None or system is not None:
        raise _not_here("memberOf() of this value set")
    return code in closed


def _subsumption(name: str) -> None:
    def build(other: Tree) -> Run:
        run = compiled(other)

        def evaluate(scope: Scope, nodes: Nodes) -> Nodes:
            mine = operators.single(nodes, name)
            theirs = operators.single(run(scope, scope.this), name)
            if mine is None or theirs is None:
                return []
            return _related(_codings(mine), _codings(theirs), name)

        return evaluate

    function(name, 1)(build)


def _related(mine: list[Coding], theirs: list[Coding], name: str) -> Nodes:
    """True for a common code, false without a common system; what lies between is not known here."""
    if set(mine) & set(theirs):
        return boolean(True)
    if {system for system, _ in mine} & {system for system, _ in theirs}:
        raise _not_here(f"{name}()")
    return boolean(False)


_subsumption("subsumes")
_subsumption("subsumedBy")


def _unknown(name: str, count: int) -> None:
    def build(*arguments: Tree) -> Run:
        for argument in arguments:
            compiled(argument)

        def evaluate(scope: Scope, nodes: Nodes) -> Nodes:
            if not nodes:
                return []
            raise OperationOutcomeError("not-supported", f"FHIRPath: {name}() needs the profile")

        return evaluate

    function(name, count)(build)


_unknown("elementDefinition", 0)
_unknown("slice", 2)
