"""Codes that stand in X12 health care transactions, and what FHIR says instead of them.

Sources: HL7 R4 and THO for the FHIR side, the element lists of ASC X12 005010X222A1, X223A2 and X221A1 for
the other (codes only). What a table does not name has no counterpart.
"""

from typing import Final

from terminology.systems import ISTHMUS

NPI: Final = "http://hl7.org/fhir/sid/us-npi"
EIN: Final = "urn:oid:2.16.840.1.113883.4.4"
SSN: Final = frozenset({"http://hl7.org/fhir/sid/us-ssn", "urn:oid:2.16.840.1.113883.4.1"})
NDC: Final = "http://hl7.org/fhir/sid/ndc"
NAIC: Final = "urn:oid:2.16.840.1.113883.6.300"
TAXONOMY: Final = frozenset(
    {"http://nucc.org/provider-taxonomy", "urn:oid:2.16.840.1.113883.6.101"}
)
PLACE_OF_SERVICE: Final = (
    "https://www.cms.gov/Medicare/Coding/place-of-service-codes/Place_of_Service_Code_Set"
)
CLAIM_FILING: Final = "https://codesystem.x12.org/005010/1032"
PATIENT_CONTROL: Final = f"{ISTHMUS}/NamingSystem/patient-control-number"
"""Identifier system of CLM01, by which a remittance names the claim again."""

PROFESSIONAL: Final = "005010X222A1"
INSTITUTIONAL: Final = "005010X223A2"
REMITTANCE: Final = "005010X221A1"

GENDER: Final = {"male": "M", "female": "F", "other": "U", "unknown": "U"}
SELF: Final = "self"
ITSELF: Final = "18"
RELATIONSHIP: Final = {
    "spouse": "01",
    "child": "19",
    "common": "53",
    "parent": "G8",
    "other": "G8",
}
"""R4 subscriber-relationship to PAT01 (data element 1069)."""
RESPONSIBILITY: Final = ("P", "S", "T", "A", "B", "C", "D", "E", "F", "G", "H")
"""Order of the payers (data element 1138)."""
FILING: Final = {
    "HMO": "HM",
    "PPO": "12",
    "POS": "13",
    "EHCPOL": "CI",
    "HIP": "CI",
    "AUTOPOL": "AM",
    "WCBPOL": "WC",
    "MCPOL": "HM",
    "VET": "VA",
    "CHAMPUS": "CH",
}
"""v3-ActCode of Coverage.type to SBR09 (data element 1032)."""
FILING_UNKNOWN: Final = "ZZ"
FILING_BY_TYPOLOGY: Final = {"1": "MB", "2": "MC", "3": "OF", "5": "CI", "6": "BL"}
"""First digit of the payer typology (NAHDO SOPT) to SBR09 of a professional claim."""
PAYER_TYPOLOGY: Final = frozenset({"https://nahdo.org/sopt", "urn:oid:2.16.840.1.113883.3.221.5"})
ACCIDENT: Final = {"MVA": "AA", "WPA": "EM"}
"""v3-ActCode of Claim.accident.type to CLM11; any other is OA."""
ANOTHER_ACCIDENT: Final = "OA"
ENCOUNTER_PLACES: Final = {
    "EMER": "23",
    "IMP": "21",
    "ACUTE": "21",
    "OBSENC": "22",
    "HH": "12",
}
"""v3-ActCode of Encounter.class to the place of service; AMB and VR do not tell one."""
INPATIENT_PLACES: Final = frozenset({"21", "51", "61"})

RENDERING: Final = frozenset({"rendering", "performing", "primary"})
REFERRING: Final = frozenset({"referring"})
SUPERVISING: Final = frozenset({"supervising", "supervisor"})
ATTENDING: Final = frozenset({"attending"})
OPERATING: Final = frozenset({"operating"})
"""Codes of R4 claimcareteamrole and of CARIN's C4BBClaimCareTeamRole, by what X12 calls them."""

REPLACES: Final = frozenset({"prior", "replaces"})
ORIGINAL, REPLACEMENT, VOID = "1", "7", "8"
"""Claim frequency codes (NUBC)."""

ADJUSTMENT_GROUP: Final = "https://codesystem.x12.org/005010/1033"
"""Who bears an adjustment: CO, PR, OA, PI (data element 1033)."""
CLAIM_STATUS: Final = "https://codesystem.x12.org/005010/1029"
PROVIDER_ADJUSTMENT: Final = "https://codesystem.x12.org/005010/426"
PAYER_CONTROL: Final = f"{ISTHMUS}/NamingSystem/payer-claim-control-number"
"""Identifier system of CLP07, by which a payer names the claim."""
PAYMENT_TRACE: Final = f"{ISTHMUS}/NamingSystem/payment-trace-number"
CLAIM_STATUS_CODE: Final = f"{ISTHMUS}/StructureDefinition/claim-status-code"
"""Extension of a ClaimResponse: CLP02."""

DENIED, REVERSED, NOT_OURS = "4", "22", "23"
STATUS_TEXT: Final = {
    "1": "Processed; the payer is the primary one",
    "2": "Processed; the payer is the secondary one",
    "3": "Processed; the payer is the tertiary one",
    DENIED: "Denied",
    "19": "Processed as primary payer and passed on to another",
    "20": "Processed as secondary payer and passed on to another",
    "21": "Processed as tertiary payer and passed on to another",
    REVERSED: "An earlier payment is taken back",
    NOT_OURS: "Not a claim of this payer; passed on to another",
    "25": "What would be paid; no payment",
}
"""CLP02 in our own words."""
PROCEDURE: Final = "HC"
"""Qualifier of a code of CPT or HCPCS (data element 235)."""
