"""The operations that are served: one table for routes, capabilities and OperationDefinitions.

Each operation is a file of its own with an ``OPERATION`` (or several); a journey adds its file and its line.
"""

from typing import Final

from gateway.operations import (
    analyze,
    code,
    decide,
    document,
    everything,
    expand,
    fhirpath,
    inquire,
    lastn,
    lookup,
    meta,
    reindex,
    risk_adjustment,
    scrub,
    submit,
    subsumes,
    transcribe,
    translate,
    validate,
    validate_code,
    versions,
    x12,
)
from gateway.operations.definition import Operation

OPERATIONS: Final[tuple[Operation, ...]] = (
    analyze.OPERATION,
    code.OPERATION,
    transcribe.OPERATION,
    decide.OPERATION,
    validate.OPERATION,
    *everything.OPERATIONS,
    *meta.OPERATIONS,
    lastn.OPERATION,
    document.OPERATION,
    fhirpath.OPERATION,
    reindex.OPERATION,
    scrub.OPERATION,
    risk_adjustment.OPERATION,
    submit.OPERATION,
    *inquire.OPERATIONS,
    versions.OPERATION,
    lookup.OPERATION,
    *validate_code.OPERATIONS,
    subsumes.OPERATION,
    expand.OPERATION,
    translate.OPERATION,
    x12.EXPORT,
    x12.IMPORT,
)


def operation_named(name: str, kind: str) -> Operation | None:
    """The operation of a name that answers for a type (empty for the system)."""
    for operation in OPERATIONS:
        fits = kind in operation.resources or operation.resources == ("Resource",)
        if operation.name == name and (fits or not kind or not operation.resources):
            return operation
    return None
