"""Claims of every shape that R4 allows, for whoever must stand any of them."""

from typing import Any

from hypothesis import strategies as st

from profiles.exact_json import Number
from profiles.scrub.payer_rules import payer_rules
from terminology.systems import CLAIM_TYPE, CPT, HCPCS, ICD_10_CM
from tests.make_claim import INSURER, PATIENT

ABSENT = {"extension": [{"url": "http://test.example/absent", "valueCode": "unknown"}]}
CODES = st.sampled_from(
    (
        "E11.9",
        "E11",
        "I10",
        "W19.XXXA",
        "M17.11",
        "M17.12",
        "M25.569",
        "99213",
        "20610",
        "A4550",
        "RT",
        "50",
        "é",
        "0",
    )
)
SYSTEMS = st.sampled_from((ICD_10_CM, CPT, HCPCS, "http://test.example/codes"))
CODING = st.fixed_dictionaries(
    {}, optional={"system": SYSTEMS, "code": CODES, "display": st.just("d")}
)
CONCEPT = st.one_of(
    st.just(ABSENT),
    st.fixed_dictionaries({"text": st.just("words")}),
    st.fixed_dictionaries({"coding": st.lists(CODING.filter(bool), min_size=1, max_size=3)}),
)


def to(*targets: str) -> st.SearchStrategy[dict[str, Any]]:
    """References to some targets, by name, by identifier, or explained away."""
    return st.one_of(
        st.sampled_from(targets).map(lambda one: {"reference": one}),
        st.just({"display": "somebody"}),
        st.just({"identifier": {"value": "1"}}),
        st.just(ABSENT),
    )


DATES = st.sampled_from(("2026", "2026-05", "2026-05-04", "0001-01-01", "9999-12-31"))
TIMES = st.one_of(DATES, st.just("2026-05-04T23:59:60Z"), st.just("2026-05-04T10:00:00+14:00"))
PERIOD = st.fixed_dictionaries({}, optional={"start": TIMES, "end": TIMES}).filter(bool)
NUMBERS = st.one_of(
    st.integers(-10, 10**6),
    st.sampled_from(("0.10", "1e300", "-0", "1E-9", "123456789012345678901234567890.5")).map(
        Number
    ),
)
MONEY = st.fixed_dictionaries(
    {}, optional={"value": NUMBERS, "currency": st.sampled_from(("USD", "EUR"))}
)
QUANTITY = st.fixed_dictionaries({}, optional={"value": NUMBERS, "unit": st.just("u")})
NUMBERED = st.integers(1, 4)
SEQUENCE = st.one_of(st.just({"_sequence": ABSENT}), NUMBERED.map(lambda one: {"sequence": one}))


def element(required: dict[str, Any], **optional: Any) -> st.SearchStrategy[dict[str, Any]]:
    """Elements with a sequence that may be explained away, and any of the optional members."""
    rest = st.fixed_dictionaries(required, optional=optional)
    return st.tuples(SEQUENCE, rest).map(lambda parts: {**parts[0], **parts[1]})


DIAGNOSIS = st.one_of(
    element({"diagnosisCodeableConcept": CONCEPT}, type=st.lists(CONCEPT, min_size=1, max_size=2)),
    element({"diagnosisReference": to("Condition/1", "#in")}),
)
ITEM = st.one_of(
    element(
        {"productOrService": CONCEPT},
        servicedDate=DATES,
        diagnosisSequence=st.lists(NUMBERED, min_size=1, max_size=6),
        modifier=st.lists(CONCEPT, min_size=1, max_size=6),
        quantity=QUANTITY.filter(bool),
        unitPrice=MONEY.filter(bool),
        net=MONEY.filter(bool),
        factor=NUMBERS,
        revenue=CONCEPT,
    ),
    element({"productOrService": CONCEPT, "servicedPeriod": PERIOD}),
    st.just(
        {
            "sequence": 1,
            "productOrService": ABSENT,
            "diagnosisSequence": [None, 1],
            "_diagnosisSequence": [ABSENT, None],
            "_servicedDate": ABSENT,
            "net": {"_value": ABSENT},
        }
    ),
)
INSURANCE = element({"coverage": to("Coverage/c1", "Coverage/c2"), "focal": st.booleans()})
KIND = st.sampled_from(("professional", "institutional", "oral", "pharmacy"))
CLAIMS = st.fixed_dictionaries(
    {
        "resourceType": st.just("Claim"),
        "id": st.just("1"),
        "type": st.one_of(
            KIND.map(lambda code: {"coding": [{"system": CLAIM_TYPE, "code": code}]}), CONCEPT
        ),
        "patient": to("Patient/p1", "Patient/p2", "#pat"),
        "provider": to("Practitioner/d1", "Organization/o1"),
        "priority": CONCEPT,
        "insurance": st.lists(INSURANCE, min_size=1, max_size=2),
        "status": st.sampled_from(("active", "draft")),
    },
    optional={
        "insurer": to("Organization/o1", "#org"),
        "diagnosis": st.lists(DIAGNOSIS, min_size=1, max_size=5),
        "item": st.lists(ITEM, min_size=1, max_size=5),
        "total": MONEY.filter(bool),
        "billablePeriod": PERIOD,
        "related": st.lists(
            st.fixed_dictionaries({"claim": to("Claim/1", "Claim/2")}), min_size=1, max_size=2
        ),
    },
)
FRAME = st.sampled_from(
    (
        {"use": "claim", "created": "2026-05-05"},
        {"use": "preauthorization", "created": "2026"},
        {"use": "predetermination", "_created": ABSENT},
    )
)
CONDITION = {
    "resourceType": "Condition",
    "id": "in",
    "subject": {"reference": "Patient/p1"},
    "code": {"coding": [{"system": ICD_10_CM, "code": "E11.9"}]},
}
CONTAINED = (
    CONDITION,
    {**PATIENT, "id": "pat"},
    {**INSURER, "id": "org", "identifier": [{"system": "http://test.example/ids", "value": "1"}]},
)
RULES = payer_rules(
    {
        "timelyFilingDays": 1,
        "units": {"99213": 1},
        "diagnoses": {"99213": ["I10"]},
        "constraint": [
            {
                "key": "k",
                "severity": "error",
                "human": "h",
                "expression": "item.net.value.first() > 1",
            }
        ],
    }
)
PATIENTS = st.sampled_from(
    (PATIENT, {**PATIENT, "birthDate": "1980"}, {"resourceType": "Patient", "id": "p1"})
)


def whole(claim: dict[str, Any], frame: dict[str, Any]) -> dict[str, Any]:
    """A Claim with its frame, and with whatever it refers to as contained."""
    made = {**claim, **frame}
    inside = [one for one in CONTAINED if f"'#{one['id']}'" in str(claim)]
    return {**made, "contained": inside} if inside else made
