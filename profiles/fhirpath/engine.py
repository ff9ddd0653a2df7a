"""Compile an expression once, evaluate it often (FHIRPath N1 2.0.0; R4 fhirpath.html)."""

import functools
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from profiles.fhirpath import (
    functions_collection,  # noqa: F401 - registers its functions
    functions_control,  # noqa: F401
    functions_convert,  # noqa: F401
    functions_definition,  # noqa: F401
    functions_fhir,  # noqa: F401
    functions_math,  # noqa: F401
    functions_terminology,  # noqa: F401
    functions_text,  # noqa: F401
    functions_trial,  # noqa: F401
)
from profiles.fhirpath.codes import Codes
from profiles.fhirpath.compile import Evaluation, Run, Scope, Trace, compiled
from profiles.fhirpath.meter import Meter
from profiles.fhirpath.nodes import Node, system, unwrapped
from profiles.fhirpath.operators import truth
from profiles.fhirpath.parser import parse
from profiles.outcome import OperationOutcomeError

MOST_KEPT = 4096


class Expression:
    """One compiled expression.

    Parameters
    ----------
    text : str
        As it was written.
    run : callable
        Its closure.
    """

    __slots__ = ("_run", "text")

    def __init__(self, text: str, run: Run) -> None:
        self.text = text
        self._run = run

    def evaluate(
        self,
        resource: Mapping[str, Any] | Node,
        *,
        context: Node | None = None,
        variables: Mapping[str, Any] | None = None,
        kind: str | None = None,
        now: datetime | None = None,
        traces: list[Trace] | None = None,
        metered: bool | Meter = True,
        codes: Codes | None = None,
    ) -> list[Node]:
        """The collection that the expression gives.

        Parameters
        ----------
        resource : mapping or Node
            ``%resource``; also the input where no context is given.
        context : Node, optional
            The input of the expression.
        variables : mapping, optional
            Further variables, by name without ``%``; system values or lists of nodes.
        kind : str, optional
            Type of the root where it is no resource.
        now : datetime, optional
            What ``now()`` gives.
        traces : list, optional
            Takes what every ``trace()`` saw.
        metered : bool or Meter
            Whether the cost is bounded, as it is for expressions from outside; a meter where several
            evaluations have one bound.
        codes : Codes, optional
            What ``memberOf`` and ``subsumes`` may ask beside the definitions that ship.

        Raises
        ------
        OperationOutcomeError
            ``invalid`` when the expression cannot be evaluated on this input, ``too-costly`` when that
            takes too long.
        """
        root = resource if isinstance(resource, Node) else _root(resource, kind)
        here = [context if context is not None else root]
        known: dict[str, list[Node]] = {"resource": [root], "context": here, "rootResource": [root]}
        for name, value in (variables or {}).items():
            known[name] = value if isinstance(value, list) else [system(value)]
        meter = metered if isinstance(metered, Meter) else Meter() if metered else None
        scope = Scope(here, known, Evaluation(now or datetime.now(UTC), traces, meter, codes))
        try:
            found = self._run(scope, here)
        except RecursionError:
            raise OperationOutcomeError("too-costly", "FHIRPath: nested too deeply") from None
        scope.evaluation.spend(len(found))
        return found

    def values(self, resource: Mapping[str, Any], **options: Any) -> list[Any]:
        """As ``evaluate``, with plain values."""
        return [unwrapped(node) for node in self.evaluate(resource, **options)]

    def holds(self, resource: Mapping[str, Any] | Node, **options: Any) -> bool:
        """Whether an invariant is met: it has to give true (R4 conformance-rules.html#constraints)."""
        return truth(self.evaluate(resource, metered=False, **options)) is True


@functools.lru_cache(maxsize=MOST_KEPT)
def compile_expression(text: str) -> Expression:
    """The expression of a text (``invalid`` when it is none, ``too-costly`` when it is too deep)."""
    try:
        return Expression(text, compiled(parse(text)))
    except RecursionError:
        raise OperationOutcomeError("too-costly", "FHIRPath: nested too deeply") from None


def _root(resource: Mapping[str, Any], kind: str | None) -> Node:
    return Node(resource, kind or str(resource.get("resourceType", "")))
