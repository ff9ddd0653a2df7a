"""What R4 adds for codes (R4 fhirpath.html#functions): definitions that ship, else who is asked."""

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
        address = str(unwrapped(wanted))
        return boolean(any(_contained(scope, address, coding) for coding in _codings(node)))

    return evaluate


def _contained(scope: Scope, address: str, coding: Coding) -> bool:
    system, code = coding
    if scope.evaluation.codes is not None:
        found = scope.evaluation.codes.contains(address, system or "", code)
        if found is not None:
            return found
    address = address.partition("|")[0]
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
            above, below = (mine, theirs) if name == "subsumes" else (theirs, mine)
            return _related(scope, _codings(above), _codings(below), name)

        return evaluate

    function(name, 1)(build)


def _related(scope: Scope, above: list[Coding], below: list[Coding], name: str) -> Nodes:
    """True for a common code, false without a common system; between codes of one system who is asked."""
    if set(above) & set(below):
        return boolean(True)
    pairs = [(one, other) for one in above for other in below if one[0] == other[0]]
    return boolean(any(_subsumed(scope, one, other, name) for one, other in pairs))


def _subsumed(scope: Scope, above: Coding, below: Coding, name: str) -> bool:
    codes, system = scope.evaluation.codes, above[0]
    found = None
    if codes is not None and system is not None:
        found = codes.subsumes(system, above[1], below[1])
    if found is None:
        raise _not_here(f"{name}()")
    return found


_subsumption("subsumes")
_subsumption("subsumedBy")
