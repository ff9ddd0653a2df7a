"""Codes of an answer to a Claim: categories, errors, and X12's reasons by number.

Claim adjustment reason codes belong to X12: a code is written, its text never is. Which of them an edit comes
to is ours to say; a payer that needs another one has the edit's own code beside it.
"""

from typing import Final

from terminology.coding import Code
from terminology.systems import ISTHMUS

_THO: Final = "http://terminology.hl7.org/CodeSystem"

SUBMITTED: Final = Code(f"{_THO}/adjudication", "submitted", "Submitted Amount")
ELIGIBLE: Final = Code(f"{_THO}/adjudication", "eligible", "Eligible Amount")
ADJUDICATION_ERROR: Final = f"{_THO}/adjudication-error"
MISSING_IDENTIFIER: Final = Code(ADJUDICATION_ERROR, "a001", "Missing Identifier")
MISSING_CREATED: Final = Code(ADJUDICATION_ERROR, "a002", "Missing Creation Date")
REASON: Final = "https://x12.org/codes/claim-adjustment-reason-codes"
RELATED_CLAIM: Final = f"{_THO}/ex-relatedclaimrelationship"
PRIOR: Final = "prior"

CLAIM_CONTENT: Final = f"{ISTHMUS}/NamingSystem/claim-content"
"""Identifier of an answer by what it answers: SHA-256 of the Claim's content."""
AUTHORIZATION: Final = f"{ISTHMUS}/NamingSystem/authorization"
EDIT_TABLE: Final = f"{ISTHMUS}/NamingSystem/edit-table"

ERRORS: Final = {
    **dict.fromkeys(
        ("patient-missing", "provider-missing", "insurer-missing", "coverage-missing"),
        MISSING_IDENTIFIER,
    ),
    "created-missing": MISSING_CREATED,
}
"""HL7's adjudication error where one fits the edit."""

LACKS_INFORMATION: Final = "16"
REASONS: Final = {
    **dict.fromkeys(("claim-repeated", "line-repeated", "claim-duplicate"), "18"),
    **dict.fromkeys(("reference-not-found", "coverage-of-another"), "31"),
    **dict.fromkeys(("diagnosis-unknown", "diagnosis-not-billable"), "146"),
    **dict.fromkeys(("procedure-unknown", "procedure-ended"), "181"),
    **dict.fromkeys(
        ("modifier-conflict", "modifier-split", "modifier-bilateral", "modifier-25-not-evaluation"),
        "4",
    ),
    **dict.fromkeys(("modifier-invalid", "modifier-unknown", "modifier-repeated"), "182"),
    **dict.fromkeys(("ptp", "ptp-modifier"), "236"),
    **dict.fromkeys(("mue-line", "mue-day", "mue-day-clinical", "payer-units"), "151"),
    "coverage-not-active": "200",
    "age-conflict": "9",
    "sex-conflict": "10",
    "add-on-alone": "107",
    "before-birth": "14",
    "service-date-future": "110",
    "timely-filing": "29",
    "payer-not-covered": "96",
    "payer-authorization": "197",
    "payer-diagnosis": "11",
}
"""Number of the X12 reason by edit; 16 (something is missing or wrong) for every other."""


def reason_of(rule: str) -> str:
    """Number of the X12 reason that an edit comes to."""
    return REASONS.get(rule, LACKS_INFORMATION)
