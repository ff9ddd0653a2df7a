"""The rules of the scrub: a stable id each, how grave it is, and where it stands.

The ids are the codes of our code system ``claim-edit``; they never change their meaning. Sources: ICD-10-CM
Official Guidelines for Coding and Reporting FY 2026 (sections by number), CMS NCCI Policy Manual, Medicare
Claims Processing Manual (Pub. 100-04), Medicare Code Editor, NUCC 1500 and X12 837 limits, FHIR R4.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Rule:
    """How a rule is said.

    Parameters
    ----------
    display : str
        Name of the rule.
    severity : str
        Unless its function or the payer says otherwise.
    issue : str
        ``OperationOutcome.issue.code``.
    source : str
        Where it stands.
    """

    display: str
    severity: str
    issue: str
    source: str


_GUIDELINES: Final = "ICD-10-CM Official Guidelines FY 2026, section"
_FHIR: Final = "FHIR R4 claim.html"
_NCCI: Final = "CMS NCCI Policy Manual, chapter I"
_CLAIMS_MANUAL: Final = "Medicare Claims Processing Manual (Pub. 100-04)"
_MCE: Final = "CMS Definitions of Medicare Code Edits"

RULES: Final[dict[str, Rule]] = {
    # parties and frame
    "patient-missing": Rule("Patient not stated", "error", "required", _FHIR),
    "provider-missing": Rule("Provider not stated", "error", "required", _FHIR),
    "insurer-missing": Rule("Insurer not stated", "error", "required", _FHIR),
    "coverage-missing": Rule("Coverage not stated", "error", "required", _FHIR),
    "created-missing": Rule("Date of the claim not stated", "error", "required", _FHIR),
    "focal-coverage": Rule("Not exactly one focal coverage", "error", "business-rule", _FHIR),
    "reference-not-found": Rule("Party is not known here", "error", "not-found", _FHIR),
    "coverage-of-another": Rule(
        "Coverage of another patient", "error", "business-rule", "FHIR R4 coverage.html"
    ),
    "coverage-not-active": Rule(
        "Coverage not active on the date of service",
        "error",
        "business-rule",
        "FHIR R4 coverage.html",
    ),
    "sequence-repeated": Rule("Sequence number used twice", "error", "duplicate", _FHIR),
    "line-missing": Rule("Claim without a line", "error", "required", _FHIR),
    # diagnoses
    "diagnosis-missing": Rule(
        "No diagnosis", "error", "required", f"{_CLAIMS_MANUAL}, chapter 26, item 21"
    ),
    "diagnosis-not-coded": Rule(
        "Diagnosis without a code of ICD-10-CM", "error", "code-invalid", "45 CFR 162.1002"
    ),
    "diagnosis-unknown": Rule(
        "Diagnosis code not in the release of the date of service",
        "error",
        "code-invalid",
        f"{_GUIDELINES} I.B.1",
    ),
    "diagnosis-not-billable": Rule(
        "Diagnosis code not at its full length", "error", "code-invalid", f"{_GUIDELINES} I.B.2"
    ),
    "diagnosis-no-release": Rule(
        "No ICD-10-CM release for the date of service", "warning", "incomplete", "45 CFR 162.1002"
    ),
    "diagnosis-repeated": Rule(
        "Diagnosis code reported twice", "warning", "duplicate", f"{_GUIDELINES} I.B.12"
    ),
    "diagnosis-too-many": Rule(
        "More diagnoses than the claim can carry",
        "error",
        "too-long",
        "NUCC 1500 item 21 (12); X12 837I HI (25)",
    ),
    "principal-missing": Rule(
        "No principal or first-listed diagnosis",
        "warning",
        "required",
        f"{_GUIDELINES} II and IV.A",
    ),
    "principal-repeated": Rule(
        "Several principal diagnoses", "error", "business-rule", f"{_GUIDELINES} II"
    ),
    "excludes1": Rule(
        "Codes that exclude each other (Excludes1)",
        "warning",
        "business-rule",
        f"{_GUIDELINES} I.A.12.a",
    ),
    "excludes2": Rule(
        "Codes with an Excludes2 note", "information", "informational", f"{_GUIDELINES} I.A.12.b"
    ),
    "code-first": Rule(
        "Underlying condition to be sequenced first",
        "warning",
        "business-rule",
        f"{_GUIDELINES} I.A.13",
    ),
    "use-additional": Rule(
        "Additional code to follow", "information", "incomplete", f"{_GUIDELINES} I.A.13 and I.A.17"
    ),
    "manifestation-first": Rule(
        "Manifestation code listed first", "error", "business-rule", f"{_GUIDELINES} I.A.13"
    ),
    "external-cause-first": Rule(
        "External cause code listed first", "error", "business-rule", f"{_GUIDELINES} I.C.20.a.6"
    ),
    "sex-conflict": Rule(
        "Diagnosis does not fit the recorded sex", "warning", "business-rule", _MCE
    ),
    "age-conflict": Rule("Diagnosis does not fit the age", "warning", "business-rule", _MCE),
    "laterality-both": Rule(
        "Left and right side reported where a bilateral code exists",
        "warning",
        "business-rule",
        f"{_GUIDELINES} I.B.13",
    ),
    "laterality-unspecified": Rule(
        "Unspecified side beside a stated side",
        "warning",
        "business-rule",
        f"{_GUIDELINES} I.B.13",
    ),
    "laterality-modifier": Rule(
        "Modifier contradicts the side of the diagnosis",
        "warning",
        "conflict",
        f"{_GUIDELINES} I.B.13; {_NCCI}, section E",
    ),
    # lines
    "procedure-not-coded": Rule(
        "Line without a procedure code", "error", "code-invalid", "45 CFR 162.1002"
    ),
    "procedure-unknown": Rule(
        "Procedure code not known", "error", "code-invalid", "45 CFR 162.1002"
    ),
    "procedure-not-in-list": Rule(
        "Procedure number not in the site's list", "warning", "code-invalid", "the site's list"
    ),
    "procedure-ended": Rule(
        "Procedure code not in force on the date of service",
        "error",
        "code-invalid",
        "45 CFR 162.1002",
    ),
    "procedure-not-covered": Rule(
        "Code that Medicare does not cover", "information", "business-rule", "CMS HCPCS file"
    ),
    "pointer-missing": Rule(
        "Line without a diagnosis pointer",
        "error",
        "required",
        f"{_CLAIMS_MANUAL}, chapter 26, item 24E",
    ),
    "pointer-dangling": Rule(
        "Pointer to no diagnosis of the claim", "error", "not-found", f"{_FHIR} (diagnosisSequence)"
    ),
    "pointer-too-many": Rule(
        "More than four diagnosis pointers",
        "error",
        "too-long",
        "NUCC 1500 item 24E; X12 837P SV107",
    ),
    "modifier-invalid": Rule(
        "Modifier is no two-character code", "error", "code-invalid", "X12 837 SV101"
    ),
    "modifier-unknown": Rule(
        "Modifier not known", "warning", "code-invalid", "CMS HCPCS file; CPT modifier numbers"
    ),
    "modifier-too-many": Rule("More than four modifiers", "error", "too-long", "X12 837 SV101"),
    "modifier-repeated": Rule(
        "Modifier repeated on a line", "warning", "duplicate", "X12 837 SV101"
    ),
    "modifier-conflict": Rule(
        "Modifiers that contradict each other",
        "error",
        "conflict",
        f"{_CLAIMS_MANUAL}, chapter 12, sections 20.4.1 and 40.7",
    ),
    "modifier-25-not-evaluation": Rule(
        "Modifier 25 on what is no evaluation and management service",
        "warning",
        "business-rule",
        f"{_NCCI}, section E",
    ),
    "modifier-split": Rule(
        "Professional or technical modifier on a code without that split",
        "error",
        "business-rule",
        f"{_CLAIMS_MANUAL}, chapter 13, section 20; MPFS PC/TC indicator",
    ),
    "modifier-bilateral": Rule(
        "Modifier 50 on a code that cannot be bilateral",
        "error",
        "business-rule",
        f"{_CLAIMS_MANUAL}, chapter 12, section 40.7; MPFS bilateral indicator",
    ),
    "ptp": Rule(
        "Procedures that are not paid together (NCCI PTP)",
        "error",
        "business-rule",
        f"{_NCCI}; NCCI PTP edits",
    ),
    "ptp-modifier": Rule(
        "Procedures that need an NCCI modifier to be paid together",
        "error",
        "business-rule",
        f"{_NCCI}, section E; NCCI PTP edits",
    ),
    "ptp-bypassed": Rule(
        "NCCI PTP edit bypassed by a modifier",
        "information",
        "informational",
        f"{_NCCI}, section E; NCCI PTP edits",
    ),
    "ptp-not-checked": Rule(
        "More codes on a day than are compared", "warning", "incomplete", "NCCI PTP edits"
    ),
    "mue-line": Rule(
        "More units on a line than likely (MUE)", "error", "too-costly", f"{_NCCI}, section V; MUE"
    ),
    "mue-day": Rule(
        "More units on a day than policy allows (MUE)",
        "error",
        "too-costly",
        f"{_NCCI}, section V; MUE",
    ),
    "mue-day-clinical": Rule(
        "More units on a day than clinically likely (MUE)",
        "warning",
        "too-costly",
        f"{_NCCI}, section V; MUE",
    ),
    "units-invalid": Rule("Units not above zero", "error", "value", f"{_FHIR} (item.quantity)"),
    "add-on-alone": Rule(
        "Add-on code without its primary code",
        "error",
        "business-rule",
        f"{_NCCI}, section R; the add-on list of the site",
    ),
    "line-repeated": Rule(
        "Line repeated within the claim",
        "warning",
        "duplicate",
        f"{_CLAIMS_MANUAL}, chapter 1, section 120",
    ),
    "claim-duplicate": Rule(
        "Claim received before",
        "error",
        "duplicate",
        f"{_CLAIMS_MANUAL}, chapter 1, section 120",
    ),
    "related-of-another": Rule(
        "Related claim is of another patient or provider", "error", "business-rule", _FHIR
    ),
    "claim-repeated": Rule(
        "Service already claimed",
        "error",
        "duplicate",
        f"{_CLAIMS_MANUAL}, chapter 1, section 120",
    ),
    # money and dates
    "total-mismatch": Rule("Total is not the sum of the lines", "error", "value", _FHIR),
    "line-net-mismatch": Rule("Line net is not units by price", "warning", "value", _FHIR),
    "currency-mixed": Rule("Several currencies in one claim", "error", "value", _FHIR),
    "amount-negative": Rule("Negative amount", "error", "value", _FHIR),
    "service-date-missing": Rule(
        "No date of service", "error", "required", f"{_CLAIMS_MANUAL}, chapter 26, item 24A"
    ),
    "service-date-outside": Rule(
        "Date of service outside the billable period", "error", "value", _FHIR
    ),
    "service-date-future": Rule(
        "Date of service in the future",
        "error",
        "value",
        f"{_CLAIMS_MANUAL}, chapter 1, section 70",
    ),
    "period-reversed": Rule("Period ends before it begins", "error", "value", _FHIR),
    "before-birth": Rule("Date of service before the birth", "error", "value", _FHIR),
    # rules of the payer
    "timely-filing": Rule(
        "Filed after the payer's time limit", "error", "business-rule", "payer rule"
    ),
    "payer-not-covered": Rule(
        "Service that the payer does not cover", "error", "business-rule", "payer rule"
    ),
    "payer-authorization": Rule(
        "Service without its authorization", "error", "required", "payer rule"
    ),
    "payer-units": Rule("More units than the payer covers", "error", "too-costly", "payer rule"),
    "payer-diagnosis": Rule(
        "No diagnosis for which the payer covers the service",
        "error",
        "business-rule",
        "payer rule",
    ),
    "payer-rule-failed": Rule(
        "Payer rule that cannot be evaluated", "warning", "processing", "payer rule"
    ),
}
