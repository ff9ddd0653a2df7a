"""One kind of error, four wires.

    OperationOutcomeError
    └── kind ∈ KINDS ──► HTTP status + OperationOutcome.issue.code
                     ──► C-STORE status = STOW failure reason
                     ──► HL7 v2 acknowledgement code + ERR-3

Raise it at the place that knows; each wire translates it once. Sources: R4 operationoutcome.html and
valueset-issue-type.html; PS3.4 B.2.3, PS3.7 annex C; HL7 v2 table 0357. The low digits in the free
C-STORE ranges tell a modality's log which kind it was.
"""

from dataclasses import dataclass
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class Kind:
    """What one kind of error becomes on each wire.

    Parameters
    ----------
    code : str
        ``OperationOutcome.issue.code``.
    http : int
        HTTP status.
    dimse : int
        C-STORE status, also the STOW-RS failure reason.
    ack, err : str
        HL7 v2 MSA-1 and ERR-3.
    """

    code: str
    http: int
    dimse: int
    ack: str
    err: str


KINDS: Final[dict[str, Kind]] = {
    "structure": Kind("structure", 400, 0xC000, "AE", "100"),
    "invalid": Kind("invalid", 400, 0xC000, "AE", "102"),
    "required": Kind("required", 400, 0xA900, "AE", "101"),
    "value": Kind("value", 422, 0xA900, "AE", "103"),
    "code-invalid": Kind("code-invalid", 422, 0xA900, "AE", "103"),
    "invariant": Kind("invariant", 422, 0xA900, "AE", "103"),
    "business-rule": Kind("business-rule", 422, 0xA900, "AE", "103"),
    "login": Kind("login", 401, 0x0124, "AR", "207"),
    "forbidden": Kind("forbidden", 403, 0x0124, "AR", "207"),
    "not-found": Kind("not-found", 404, 0xC004, "AR", "204"),
    "deleted": Kind("deleted", 410, 0xC004, "AR", "204"),
    "not-supported": Kind("not-supported", 422, 0x0122, "AR", "200"),
    "method-not-allowed": Kind("not-supported", 405, 0x0122, "AR", "200"),
    "not-acceptable": Kind("not-supported", 406, 0x0122, "AR", "200"),
    "media-type": Kind("not-supported", 415, 0x0122, "AR", "200"),
    "duplicate": Kind("duplicate", 409, 0xA901, "AR", "205"),
    "conflict": Kind("conflict", 409, 0xA901, "AR", "206"),
    "precondition": Kind("conflict", 412, 0xA901, "AR", "206"),
    "too-costly": Kind("too-costly", 413, 0xA701, "AR", "207"),
    "throttled": Kind("throttled", 429, 0xA701, "AR", "207"),
    "no-store": Kind("no-store", 507, 0xA700, "AE", "207"),
    "transient": Kind("transient", 503, 0xC0F0, "AE", "207"),
    "too-slow": Kind("timeout", 408, 0xC0F0, "AE", "207"),
    "timeout": Kind("timeout", 504, 0xC0F0, "AE", "207"),
    "exception": Kind("exception", 500, 0xC0FF, "AE", "207"),
}


class OperationOutcomeError(Exception):
    """The error of this house.

    Parameters
    ----------
    kind : str
        A key of ``KINDS``.
    diagnostics : str
        What is wrong and what would be right, without any patient data.
    expression : str, optional
        FHIRPath of the element, or the DICOM keyword, that is at fault.
    issues : tuple of (str, str, str), optional
        Kind, diagnostics and expression of every fault, where there are several.
    """

    def __init__(
        self,
        kind: str,
        diagnostics: str,
        expression: str | None = None,
        *,
        issues: tuple[tuple[str, str, str], ...] = (),
    ) -> None:
        super().__init__(diagnostics)
        self.kind = KINDS[kind]
        self.kind_name = kind
        self.diagnostics = diagnostics
        self.expression = expression
        self.issues = issues

    def to_resource(self) -> dict[str, Any]:
        """``OperationOutcome`` of this error (R4 operationoutcome.html)."""
        said = [outcome("error", KINDS[kind].code, *rest) for kind, *rest in self.issues]
        if not said:
            return outcome("error", self.kind.code, self.diagnostics, self.expression)
        return {"resourceType": "OperationOutcome", "issue": [one["issue"][0] for one in said]}


def outcome(
    severity: str, code: str, diagnostics: str, expression: str | None = None
) -> dict[str, Any]:
    """``OperationOutcome`` with one issue."""
    issue: dict[str, Any] = {"severity": severity, "code": code, "diagnostics": diagnostics}
    if expression:
        issue["expression"] = [expression]
    return {"resourceType": "OperationOutcome", "issue": [issue]}
