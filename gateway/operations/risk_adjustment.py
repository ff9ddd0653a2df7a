"""``Claim/$risk-adjustment``: the factor that the diagnoses of a Claim come to (CMS-HCC, RxHCC)."""

from collections.abc import Iterator
from typing import Any, Final

from gateway.claim_scrub import around
from gateway.operations.definition import Call, Operation, Parameter
from profiles.admission import require_admissible
from profiles.outcome import OperationOutcomeError
from profiles.scrub.claim_view import ClaimView
from profiles.scrub.dates import first_day, years_between
from terminology.risk import MODELS, Risk, risk_of
from terminology.store_folder import TerminologyError
from terminology.systems import ICD_10_CM


def risk_adjustment(call: Call) -> dict[str, Any]:
    """Score, categories and what was added up."""
    claim = call.one("resource") if not call.id else call.store.read("Claim", call.id).json()
    if claim is None or claim.get("resourceType") != "Claim":
        raise OperationOutcomeError("required", "the parameter resource is a Claim", "resource")
    if not call.id:
        require_admissible(claim)
    view = ClaimView(claim, around(call.store, claim))
    age, sex = _person(view)
    status = {"dual_elgbl_cd": call.one("dual", "NA"), "orec": call.one("entitlement", "0")}
    try:
        found = risk_of(
            [one.code for one in view.in_order], age, sex, call.one("model", MODELS[0]), **status
        )
    except TerminologyError as error:
        raise OperationOutcomeError("not-supported", str(error), "model") from None
    return {"resourceType": "Parameters", "parameter": list(_said(found))}


def _person(view: ClaimView) -> tuple[int, str]:
    """Age on 1 February of the payment year, which follows the year of service, and sex."""
    patient = view.resolved(view.claim.get("patient")) or {}
    birth, day = first_day(patient.get("birthDate")), view.service_date
    if not birth or not day or not patient.get("gender"):
        raise OperationOutcomeError(
            "business-rule", "the patient's birth date and gender are needed", "Claim.patient"
        )
    payment = f"{int(day[:4]) + 1:04d}-02-01"
    return max(years_between(birth, payment), 0), str(patient["gender"])


def _said(found: Risk) -> Iterator[dict[str, Any]]:
    yield {"name": "model", "valueString": found.model}
    yield {"name": "score", "valueDecimal": round(found.score, 4)}
    yield {"name": "demographic", "valueDecimal": round(found.demographic, 4)}
    for one in found.categories:
        codings = (
            {"name": "diagnosis", "valueCoding": {"system": ICD_10_CM, "code": code}}
            for code in one.diagnoses
        )
        part: list[dict[str, Any]] = [
            {"name": "code", "valueString": one.code},
            {"name": "label", "valueString": one.label},
            {"name": "weight", "valueDecimal": round(one.weight, 4)},
            *codings,
        ]
        yield {"name": "category", "part": [one for one in part if one.get("valueString") != ""]}
    for name, weight in found.coefficients:
        part = [
            {"name": "name", "valueString": name},
            {"name": "weight", "valueDecimal": round(weight, 4)},
        ]
        yield {"name": "coefficient", "part": part}


OPERATION: Final = Operation(
    "risk-adjustment",
    "Compute the risk adjustment factor that the diagnoses of a Claim come to, by a model of CMS.",
    resources=("Claim",),
    levels=("type", "instance"),
    compute=risk_adjustment,
    methods=("GET", "POST"),
    affects_state=False,
    parameters=(
        Parameter("resource", "in", 0, "1", "Resource", "The Claim, where the URL names none."),
        Parameter("model", "in", 0, "1", "string", f"One of: {', '.join(MODELS)}. Default: V28."),
        Parameter("dual", "in", 0, "1", "string", "CMS code of dual eligibility; default NA."),
        Parameter("entitlement", "in", 0, "1", "string", "CMS original reason (OREC); default 0."),
        Parameter("model", "out", 1, "1", "string", "The model."),
        Parameter("score", "out", 1, "1", "decimal", "Raw: not normalized."),
        Parameter("demographic", "out", 1, "1", "decimal", "The part of age, sex and status."),
        Parameter(
            "category",
            "out",
            0,
            "*",
            "",
            "A category that counts, after edits and hierarchies.",
            (
                Parameter("code", "out", 1, "1", "string", "Its number."),
                Parameter("label", "out", 0, "1", "string", "Its name."),
                Parameter("weight", "out", 1, "1", "decimal", "What it adds."),
                Parameter("diagnosis", "out", 0, "*", "Coding", "What leads to it."),
            ),
        ),
        Parameter(
            "coefficient",
            "out",
            0,
            "*",
            "",
            "Everything that was added up, by CMS's names.",
            (
                Parameter("name", "out", 1, "1", "string", "Its name."),
                Parameter("weight", "out", 1, "1", "decimal", "What it adds."),
            ),
        ),
    ),
)
