"""Canonical URIs of the code and identifier systems that Isthmus writes and reads.

One table, so that a URI is typed once. Sources: FHIR R4 4.0.1 terminologies-systems.html,
HL7 THO, DICOM PS3.6 and RFC 3001 for the URN forms.
"""

from typing import Final

SNOMED_CT: Final = "http://snomed.info/sct"
LOINC: Final = "http://loinc.org"
DCM: Final = "http://dicom.nema.org/resources/ontology/DCM"
UCUM: Final = "http://unitsofmeasure.org"
RADLEX: Final = "http://www.radlex.org"

DICOM_UID: Final = "urn:dicom:uid"
"""Identifier system of DICOM UIDs; the value then is ``urn:oid:<UID>`` (R4 ImagingStudy)."""

IDENTIFIER_TYPE: Final = "http://terminology.hl7.org/CodeSystem/v2-0203"
DIAGNOSTIC_SERVICE: Final = "http://terminology.hl7.org/CodeSystem/v2-0074"
OBSERVATION_CATEGORY: Final = "http://terminology.hl7.org/CodeSystem/observation-category"
OBSERVATION_VALUE: Final = "http://terminology.hl7.org/CodeSystem/v3-ObservationValue"
ACT_CODE: Final = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
DATA_ABSENT_REASON: Final = "http://terminology.hl7.org/CodeSystem/data-absent-reason"
PROVENANCE_PARTICIPANT: Final = "http://terminology.hl7.org/CodeSystem/provenance-participant-type"
ENDPOINT_CONNECTION: Final = "http://terminology.hl7.org/CodeSystem/endpoint-connection-type"
DICOM_SOP_CLASS: Final = "urn:ietf:rfc:3986"

ISTHMUS: Final = "https://isthmus.health/fhir"
"""Our canonical base: our own operations, code systems and identifier systems live under it."""

TASK_CODE: Final = f"{ISTHMUS}/CodeSystem/task-code"
TASK_STATE: Final = f"{ISTHMUS}/CodeSystem/task-business-status"
REFUSAL: Final = f"{ISTHMUS}/CodeSystem/analysis-refusal"
DECISION: Final = f"{ISTHMUS}/CodeSystem/decision"
MODEL_DIGEST: Final = f"{ISTHMUS}/NamingSystem/model-digest"
PATIENT_ID: Final = f"{ISTHMUS}/NamingSystem/patient-id"
ACCESSION: Final = f"{ISTHMUS}/NamingSystem/accession-number"

ICD_10_CM: Final = "http://hl7.org/fhir/sid/icd-10-cm"
"""ICD-10-CM (R4 terminologies-systems.html); codes with the dot, as FHIR asks for."""

# Claims: codes of procedures, and our own edits (URIs of HL7 THO 7.0)
HCPCS: Final = "http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets"
CPT: Final = "http://www.ama-assn.org/go/cpt"
CLAIM_TYPE: Final = "http://terminology.hl7.org/CodeSystem/claim-type"
CLAIM_EDIT: Final = f"{ISTHMUS}/CodeSystem/claim-edit"
URI: Final = "urn:ietf:rfc:3986"
"""Identifier system of values that are URIs themselves (R4 identifier-registry)."""
PAYER_EXCHANGE: Final = f"{ISTHMUS}/CodeSystem/payer-exchange"
