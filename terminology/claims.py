"""Codes of a Claim and URLs of what a draft says beyond R4.

Sources: R4 claim.html with the code systems that its bindings name; CARIN Blue Button for the diagnosis types
of a UB-04 that R4 lacks and for the type of bill; NUBC for the values of the latter, which are the site's.
"""

from typing import Final

from terminology.coding import Code
from terminology.systems import CLAIM_TYPE, ISTHMUS

_THO: Final = "http://terminology.hl7.org/CodeSystem"
_CARIN: Final = "http://hl7.org/fhir/us/carin-bb/CodeSystem"

ICD_10_PCS: Final = "http://www.cms.gov/Medicare/Coding/ICD10"
TYPE_OF_BILL: Final = "https://www.nubc.org/CodeSystem/TypeOfBill"
REVENUE: Final = "https://www.nubc.org/CodeSystem/RevenueCodes"

CLAIM_TYPES: Final = {
    "professional": Code(CLAIM_TYPE, "professional", "Professional"),
    "institutional": Code(CLAIM_TYPE, "institutional", "Institutional"),
}
USES: Final = frozenset({"claim", "preauthorization"})
"""Of R4's three: a predetermination asks for no payment and no promise, and nobody drafts one here."""

NORMAL_PRIORITY: Final = Code(f"{_THO}/processpriority", "normal", "Normal")
PRIMARY_PROVIDER: Final = Code(f"{_THO}/claimcareteamrole", "primary", "Primary provider")
ASSISTING_PROVIDER: Final = Code(f"{_THO}/claimcareteamrole", "assist", "Assisting Provider")

PRINCIPAL: Final = Code(f"{_THO}/ex-diagnosistype", "principal", "Principal Diagnosis")
ADMITTING: Final = Code(f"{_THO}/ex-diagnosistype", "admitting", "Admitting Diagnosis")
OTHER_DIAGNOSIS: Final = Code(f"{_CARIN}/C4BBClaimDiagnosisType", "other", "Other")
EXTERNAL_CAUSE: Final = Code(
    f"{_CARIN}/C4BBClaimDiagnosisType", "externalcauseofinjury", "External Cause of Injury"
)

PRIOR_CLAIM: Final = Code(f"{_THO}/ex-relatedclaimrelationship", "prior", "Prior Claim")
ATTACHMENT: Final = Code(f"{_THO}/claiminformationcategory", "attachment", "Attachment")
BILL: Final = Code(f"{_CARIN}/C4BBSupportingInfoType", "typeofbill", "Type of Bill")

CODE_EVIDENCE: Final = f"{ISTHMUS}/StructureDefinition/code-evidence"
RULE_CITATION: Final = f"{ISTHMUS}/StructureDefinition/rule-citation"
CODE_DECISION: Final = f"{ISTHMUS}/StructureDefinition/code-decision"
ABSENT: Final = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"

CODE_DECISIONS: Final = Code(
    f"{ISTHMUS}/CodeSystem/record-type", "code-decisions", "Decisions on suggested codes"
)
DECISION_RECORD: Final = f"{ISTHMUS}/StructureDefinition/decision-record"
