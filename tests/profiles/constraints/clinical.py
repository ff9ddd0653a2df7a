"""Constraints of resources about care, people and money."""

from typing import Final

from tests.profiles.constraints.case import Case, Members, of

TERMS: Final = "http://terminology.hl7.org/CodeSystem"
TEXT: Final = {"text": "x"}
PATIENT: Final = {"reference": "Patient/p"}
REACHED: Final = [{"system": "phone", "value": "1", "use": "home"}]


def coded(system: str, code: str) -> Members:
    """A concept of one of HL7's own code systems."""
    return {"coding": [{"system": f"{TERMS}/{system}", "code": code}]}


ALLERGY: Final = of("AllergyIntolerance", patient=PATIENT)
ALLERGY_WRONG: Final = coded("allergyintolerance-verification", "entered-in-error")
ALLERGY_ACTIVE: Final = coded("allergyintolerance-clinical", "active")
APPOINTMENT: Final = of(
    "Appointment", status="proposed", participant=[{"actor": PATIENT, "status": "accepted"}]
)
WHEN: Final = {"start": "2020-01-01T10:00:00Z", "end": "2020-01-01T11:00:00Z"}
CONDITION: Final = of("Condition", subject=PATIENT)
CONSENT: Final = of("Consent", status="active", scope=TEXT, category=[TEXT], patient=PATIENT)
HISTORY: Final = of("FamilyMemberHistory", status="completed", patient=PATIENT, relationship=TEXT)
LIST: Final = of("List", status="current", mode="working")
OBSERVATION: Final = of("Observation", status="final", code=TEXT)
GLUCOSE: Final = {"coding": [{"system": "https://example.org/c", "code": "g"}]}
TASK: Final = of("Task", status="draft", intent="order")
GROUP: Final = of("Group", type="person", actual=True)
REPORT: Final = of(
    "MeasureReport",
    status="complete",
    type="individual",
    measure="https://example.org/Measure/m",
    period={"start": "2020"},
)
SEQUENCE: Final = of("MolecularSequence", coordinateSystem=0)
WINDOW: Final = {"windowStart": 1, "windowEnd": 2}
RISK: Final = of("RiskAssessment", status="final", subject=PATIENT)
ADVICE: Final = of("RequestGroup", status="draft", intent="order")
PERCENT: Final = {"system": "http://unitsofmeasure.org", "code": "%"}
AUDIT: Final = of(
    "AuditEvent",
    type={"system": f"{TERMS}/audit-event-type", "code": "rest"},
    recorded="2020-01-01T10:00:00Z",
    agent=[{"requestor": True}],
    source={"observer": PATIENT},
)
COVERED: Final = of(
    "CoverageEligibilityResponse",
    status="active",
    purpose=["benefits"],
    patient=PATIENT,
    created="2020",
    request={"reference": "CoverageEligibilityRequest/r"},
    outcome="complete",
    insurer={"reference": "Organization/o"},
)


def insured(**item: object) -> Members:
    """Insurance with one item."""
    return {"insurance": [{"coverage": {"reference": "Coverage/c"}, "item": [item]}]}


def sequenced(**members: object) -> Members:
    """A reference sequence."""
    return {"referenceSeq": {**WINDOW, **members}}


def foreseen(**members: object) -> Members:
    """A prediction."""
    return {"prediction": [{"outcome": TEXT, **members}]}


def answered(**members: object) -> Members:
    """An item of a questionnaire response."""
    return {"item": [{"linkId": "1", **members}]}


def sectioned(**members: object) -> Members:
    """A section of a composition."""
    return {"section": [{"title": "x", **members}]}


COMPOSITION: Final = of(
    "Composition", status="final", type=TEXT, date="2020", author=[PATIENT], title="x"
)
ANSWERS: Final = of("QuestionnaireResponse", status="completed")
NAMED: Final = [{"valueString": "x"}]

CASES: Final = (
    Case("ait-1", "AllergyIntolerance", ALLERGY, {}, {"clinicalStatus": ALLERGY_ACTIVE}),
    Case(
        "ait-2",
        "AllergyIntolerance",
        {**ALLERGY, "verificationStatus": ALLERGY_WRONG},
        {"clinicalStatus": ALLERGY_ACTIVE},
        {},
    ),
    Case(
        "app-1",
        "Appointment.participant[0]",
        APPOINTMENT,
        {"participant": [{"status": "accepted"}]},
        {"participant": [{"status": "accepted", "type": [TEXT]}]},
    ),
    Case("app-2", "Appointment", APPOINTMENT, {"start": WHEN["start"]}, WHEN),
    Case("app-3", "Appointment", APPOINTMENT, {"status": "booked"}, {"status": "booked", **WHEN}),
    Case(
        "app-4",
        "Appointment",
        {**APPOINTMENT, "cancelationReason": TEXT},
        {"status": "proposed"},
        {"status": "cancelled"},
    ),
    Case(
        "apr-1",
        "AppointmentResponse",
        of(
            "AppointmentResponse",
            appointment={"reference": "Appointment/a"},
            participantStatus="accepted",
        ),
        {},
        {"actor": PATIENT},
    ),
    Case(
        "ces-1",
        "CoverageEligibilityResponse.insurance[0].item[0]",
        COVERED,
        insured(category=TEXT, productOrService=TEXT),
        insured(category=TEXT),
    ),
    Case("cmp-1", "Composition.section[0]", COMPOSITION, sectioned(), sectioned(entry=[PATIENT])),
    Case(
        "cmp-2",
        "Composition.section[0]",
        COMPOSITION,
        sectioned(entry=[PATIENT], emptyReason=TEXT),
        sectioned(section=[{"entry": [PATIENT]}], emptyReason=TEXT),
    ),
    Case(
        "con-1",
        "Condition.stage[0]",
        CONDITION,
        {"stage": [{"type": TEXT}]},
        {"stage": [{"summary": TEXT}]},
    ),
    Case(
        "con-2",
        "Condition.evidence[0]",
        CONDITION,
        {
            "evidence": [
                {"id": "e", "extension": [{"url": "https://example.org/x", "valueString": "x"}]}
            ]
        },
        {"evidence": [{"code": [TEXT]}]},
    ),
    Case(
        "con-4",
        "Condition",
        {**CONDITION, "abatementString": "x"},
        {"clinicalStatus": coded("condition-clinical", "active")},
        {"clinicalStatus": coded("condition-clinical", "remission")},
    ),
    Case(
        "con-5",
        "Condition",
        {**CONDITION, "verificationStatus": coded("condition-ver-status", "entered-in-error")},
        {"clinicalStatus": coded("condition-clinical", "active")},
        {},
    ),
    Case(
        "cpl-3",
        "CarePlan.activity[0]",
        of("CarePlan", status="active", intent="plan", subject=PATIENT),
        {"activity": [{"reference": {"reference": "Task/t"}, "detail": {"status": "completed"}}]},
        {"activity": [{"reference": {"reference": "Task/t"}}]},
    ),
    Case(
        "ctm-1",
        "CareTeam.participant[0]",
        of("CareTeam"),
        {"participant": [{"member": PATIENT, "onBehalfOf": {"reference": "Organization/o"}}]},
        {
            "participant": [
                {
                    "member": {"reference": "Practitioner/d"},
                    "onBehalfOf": {"reference": "Organization/o"},
                }
            ]
        },
    ),
    Case(
        "fhs-1",
        "FamilyMemberHistory",
        HISTORY,
        {"ageString": "x", "bornString": "x"},
        {"ageString": "x"},
    ),
    Case("fhs-2", "FamilyMemberHistory", {**HISTORY, "estimatedAge": True}, {}, {"ageString": "x"}),
    Case(
        "gol-1",
        "Goal.target[0]",
        of("Goal", lifecycleStatus="active", description=TEXT, subject=PATIENT),
        {"target": [{"detailString": "x"}]},
        {"target": [{"detailString": "x", "measure": TEXT}]},
    ),
    Case(
        "grp-1",
        "Group",
        {**GROUP, "member": [{"entity": PATIENT}]},
        {"actual": False},
        {"actual": True},
    ),
    Case(
        "imm-1",
        "Immunization.education[0]",
        of(
            "Immunization",
            status="completed",
            vaccineCode=TEXT,
            patient=PATIENT,
            occurrenceString="x",
        ),
        {"education": [{"publicationDate": "2020"}]},
        {"education": [{"documentType": "x"}]},
    ),
    Case(
        "imr-1",
        "ImmunizationRecommendation.recommendation[0]",
        of("ImmunizationRecommendation", patient=PATIENT, date="2020"),
        {"recommendation": [{"forecastStatus": TEXT}]},
        {"recommendation": [{"forecastStatus": TEXT, "targetDisease": TEXT}]},
    ),
    Case(
        "inv-1",
        "Task",
        {**TASK, "authoredOn": "2020-01-02"},
        {"lastModified": "2020-01-01"},
        {"lastModified": "2020-01-02"},
    ),
    Case("ipn-1", "InsurancePlan", of("InsurancePlan", status="active"), {}, {"name": "x"}),
    Case(
        "lnk-1",
        "Linkage",
        of("Linkage"),
        {"item": [{"type": "source", "resource": PATIENT}]},
        {
            "item": [
                {"type": "source", "resource": PATIENT},
                {"type": "alternate", "resource": PATIENT},
            ]
        },
    ),
    Case("lst-1", "List", {**LIST, "emptyReason": TEXT}, {"entry": [{"item": PATIENT}]}, {}),
    Case(
        "lst-2",
        "List",
        {**LIST, "entry": [{"item": PATIENT, "deleted": True}]},
        {"mode": "working"},
        {"mode": "changes"},
    ),
    Case(
        "lst-3",
        "List",
        {**LIST, "entry": [{"item": PATIENT, "date": "2020"}]},
        {"mode": "changes"},
        {"mode": "working"},
    ),
    Case(
        "mad-1",
        "MedicationAdministration.dosage",
        of(
            "MedicationAdministration",
            status="completed",
            medicationCodeableConcept=TEXT,
            subject=PATIENT,
            effectiveDateTime="2020",
        ),
        {"dosage": {"text": "x"}},
        {"dosage": {"dose": {"value": 1}}},
    ),
    Case(
        "mdd-1",
        "MedicationDispense",
        of(
            "MedicationDispense",
            status="completed",
            medicationCodeableConcept=TEXT,
            whenPrepared="2020-01-02",
        ),
        {"whenHandedOver": "2020-01-01"},
        {"whenHandedOver": "2020-01-03"},
    ),
    Case(
        "mrp-1",
        "MeasureReport",
        {**REPORT, "group": [{"code": TEXT}]},
        {"type": "data-collection"},
        {"type": "summary"},
    ),
    Case(
        "mrp-2",
        "MeasureReport",
        REPORT,
        {"group": [{"stratifier": [{"stratum": [{"measureScore": {"value": 1}}]}]}]},
        {"group": [{"stratifier": [{"stratum": [{"value": TEXT}]}]}]},
    ),
    Case("msq-3", "MolecularSequence", SEQUENCE, {"coordinateSystem": 2}, {"coordinateSystem": 1}),
    Case(
        "msq-5",
        "MolecularSequence.referenceSeq",
        SEQUENCE,
        sequenced(referenceSeqString="A", chromosome=TEXT),
        sequenced(genomeBuild="x", chromosome=TEXT),
    ),
    Case(
        "msq-6",
        "MolecularSequence.referenceSeq",
        SEQUENCE,
        sequenced(referenceSeqString="A", referenceSeqId=TEXT),
        sequenced(referenceSeqString="A"),
    ),
    Case(
        "obs-3",
        "Observation.referenceRange[0]",
        OBSERVATION,
        {"referenceRange": [{"type": TEXT}]},
        {"referenceRange": [{"text": "x"}]},
    ),
    Case(
        "obs-6", "Observation", {**OBSERVATION, "dataAbsentReason": TEXT}, {"valueString": "x"}, {}
    ),
    Case(
        "obs-7",
        "Observation",
        {**OBSERVATION, "code": GLUCOSE, "component": [{"code": GLUCOSE}]},
        {"valueString": "x"},
        {},
    ),
    Case("org-1", "Organization", of("Organization"), {}, {"name": "x"}),
    Case(
        "org-2",
        "Organization.address[0]",
        of("Organization", name="x"),
        {"address": [{"use": "home"}]},
        {"address": [{"use": "work"}]},
    ),
    Case(
        "org-3",
        "Organization.telecom[0]",
        of("Organization", name="x"),
        {"telecom": REACHED},
        {"telecom": [{**REACHED[0], "use": "work"}]},
    ),
    Case(
        "pat-1",
        "Patient.contact[0]",
        of("Patient"),
        {"contact": [{"gender": "female"}]},
        {"contact": [{"gender": "female", "name": {"text": "x"}}]},
    ),
    Case("ppc-1", "Consent", CONSENT, {}, {"policyRule": TEXT}),
    Case(
        "prr-1",
        "ServiceRequest",
        of("ServiceRequest", status="active", intent="order", subject=PATIENT, orderDetail=[TEXT]),
        {},
        {"code": TEXT},
    ),
    Case(
        "qrs-1",
        "QuestionnaireResponse.item[0]",
        ANSWERS,
        answered(answer=NAMED, item=[{"linkId": "2"}]),
        answered(item=[{"linkId": "2"}]),
    ),
    Case(
        "ras-1",
        "RiskAssessment.prediction[0].probability.ofType(Range)",
        RISK,
        foreseen(probabilityRange={"low": {"value": 1, **PERCENT, "code": "1"}}),
        foreseen(probabilityRange={"low": {"value": 1, **PERCENT}}),
    ),
    Case(
        "ras-2",
        "RiskAssessment.prediction[0]",
        RISK,
        foreseen(probabilityDecimal=101),
        foreseen(probabilityDecimal=100),
    ),
    Case(
        "rqg-1",
        "RequestGroup.action[0]",
        ADVICE,
        {"action": [{"resource": PATIENT, "action": [{"resource": PATIENT}]}]},
        {"action": [{"action": [{"resource": PATIENT}]}]},
    ),
    Case(
        "sev-1",
        "AuditEvent.entity[0]",
        AUDIT,
        {"entity": [{"name": "x", "query": "eA=="}]},
        {"entity": [{"name": "x"}]},
    ),
)
