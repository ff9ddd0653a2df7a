"""What providers and payers say to each other: canonical URLs and codes of claims and their answers.

Sources: Da Vinci PAS 2.2.1 (HL7, profiles and extensions by canonical URL); X12's published code lists
by URI only (their texts are licensed and not here); HL7 terminology for adjudication.
"""

from typing import Final

PAS: Final = "http://hl7.org/fhir/us/davinci-pas"
PAS_REQUEST: Final = f"{PAS}/StructureDefinition/profile-pas-request-bundle"
PAS_RESPONSE: Final = f"{PAS}/StructureDefinition/profile-pas-response-bundle"
PAS_CLAIM: Final = f"{PAS}/StructureDefinition/profile-claim"
PAS_INQUIRY: Final = f"{PAS}/StructureDefinition/profile-pas-inquiry-request-bundle"
PAS_INQUIRY_RESPONSE: Final = f"{PAS}/StructureDefinition/profile-pas-inquiry-response-bundle"
PAS_CLAIM_INQUIRY: Final = f"{PAS}/StructureDefinition/profile-claim-inquiry"
CARE_TEAM_SCOPE: Final = f"{PAS}/StructureDefinition/extension-careTeamClaimScope"
REVIEW_ACTION: Final = f"{PAS}/StructureDefinition/extension-reviewAction"
REVIEW_ACTION_CODE: Final = f"{PAS}/StructureDefinition/extension-reviewActionCode"

REVIEW_ACTIONS: Final = "https://codesystem.x12.org/005010/306"
"""X12 data element 306, the action of a review: A1 certified, A3 not certified, A4 pended, A6 modified."""

PENDED: Final = "A4"
NOT_CERTIFIED: Final = "A3"

CARC: Final = "https://x12.org/codes/claim-adjustment-reason-codes"
RARC: Final = "https://x12.org/codes/remittance-advice-remark-codes"

ADJUDICATION: Final = "http://terminology.hl7.org/CodeSystem/adjudication"
PAID: Final = frozenset({"benefit", "paidtoprovider", "paidtopatient", "payment"})
"""Categories of adjudication that say what is paid (HL7 adjudication; CARIN's ``paidto…``)."""
