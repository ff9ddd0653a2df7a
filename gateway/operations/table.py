"""The operations that are served: one table for routes, capabilities and OperationDefinitions."""

import importlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final, cast

from starlette.requests import Request
from starlette.responses import Response

from terminology.systems import ISTHMUS


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of an operation (R4 operationdefinition.html)."""

    name: str
    use: str
    minimum: int
    maximum: str
    type: str
    text: str


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation: where it answers, who answers, and what it takes."""

    name: str
    resource: str
    path: str
    handler: str
    text: str
    methods: tuple[str, ...] = ("POST",)
    parameters: tuple[Parameter, ...] = ()

    def definition(self) -> dict[str, Any]:
        """Its OperationDefinition."""
        return {
            "resourceType": "OperationDefinition",
            "id": self.name,
            "url": f"{ISTHMUS}/OperationDefinition/{self.name}",
            "name": self.name.title().replace("-", ""),
            "status": "active",
            "kind": "operation",
            "affectsState": True,
            "description": self.text,
            "code": self.name,
            "resource": [self.resource],
            "system": False,
            "type": False,
            "instance": True,
            "parameter": [
                {
                    "name": p.name,
                    "use": p.use,
                    "min": p.minimum,
                    "max": p.maximum,
                    "documentation": p.text,
                    "type": p.type,
                }
                for p in self.parameters
            ],
        }


OPERATIONS: Final = (
    Operation(
        "analyze",
        "ImagingStudy",
        "/ImagingStudy/{id}/$analyze",
        "gateway.operations.analyze:analyze",
        "Analyze a stored imaging study now. Synchronous up to a bounded wait, then 202 with a job.",
        parameters=(
            Parameter("model", "in", 0, "*", "canonical", "AI Device whose model is preferred."),
            Parameter("return", "out", 0, "1", "Bundle", "Report, Observations and provenance."),
        ),
    ),
    Operation(
        "decide",
        "Task",
        "/Task/{id}/$decide",
        "gateway.operations.decide:decide_review",
        "Accept, change or reject the AI result of a review Task, as a named person.",
        parameters=(
            Parameter("decision", "in", 1, "1", "code", "accepted, modified or rejected."),
            Parameter("performer", "in", 1, "1", "Reference", "The Practitioner who decides."),
            Parameter("reason", "in", 0, "1", "string", "Why."),
            Parameter("resource", "in", 0, "*", "Resource", "Edited resources, when modified."),
            Parameter("return", "out", 1, "1", "Bundle", "What the decision has made."),
        ),
    ),
)


def load_operation(operation: Operation) -> Callable[[Request], Awaitable[Response]]:
    """The handler of an operation."""
    module, _, function = operation.handler.partition(":")
    handler = getattr(importlib.import_module(module), function)
    return cast("Callable[[Request], Awaitable[Response]]", handler)
