"""An approved Claim becomes an 837P that pyx12 finds no error in, or every missing element is said."""

import copy

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.x12.claim_837 import Sending
from adapters.x12.elements import is_npi
from adapters.x12.envelope import read_interchanges
from profiles.exact_json import Number
from profiles.outcome import OperationOutcomeError
from tests.adapters.x12.make_set import MOMENT, faults, segments, written
from tests.make_claim import diagnosis
from tests.make_x12 import CATEGORY, EIN, NPI, ROLE, judged, make_claim, office, resources

TEXT = {"text": "no code"}
MODIFIER = {"coding": [{"code": "25"}]}


def test_the_judge_finds_errors():
    """pyx12 says what is wrong in a damaged transaction, so its silence means something."""
    text = written(make_claim())
    assert judged(text) == []
    assert judged(text.replace("HI*ABK", "HI*XXX"))
    assert judged(text.replace("N3*1 Main St~", ""))


def test_a_claim_is_written_segment_by_segment():
    """Providers, subscriber, claim, diagnoses and lines stand where they belong, codes without dots."""
    made = segments(make_claim())
    for wanted in [
        "NM1*41*2*Green Hill Clinic*****46*123456789",
        "PER*IC**TE*8025550100",
        "NM1*40*2*Example Health Plan*****46*66666",
        "NM1*85*2*Green Hill Clinic*****XX*1234567893",
        "N4*Montpelier*VT*056021234",
        "REF*EI*123456789",
        "SBR*P*18*G-100******12",
        "NM1*IL*1*Muller*Ana*Maria***MI*W1234567",
        "DMG*D8*19800203*F",
        "NM1*PR*2*Example Health Plan*****PI*66666",
        "CLM*CL-2026-0001*200***11:B:1*Y*A*Y*Y",
        "REF*EA*MRN-77",
        "HI*ABK:E1122*ABF:N1831*ABF:I129",
        "NM1*82*1*O'Hara*Joan***III*XX*1245319599",
        "PRV*PE*PXC*207Q00000X",
        "SV1*HC:99214:25*151.5*UN*1***1:3",
        "SV1*HC:G0108*48.5*UN*2***1",
        "DTP*472*D8*20260504",
        "REF*6R*2",
    ]:
        assert wanted in made, wanted


def test_a_patient_who_is_not_the_subscriber_has_a_level_of_their_own():
    """The subscriber is the other person, the patient stands below with the relation."""
    insurance = [{"sequence": 1, "focal": True, "coverage": {"reference": "Coverage/c2"}}]
    made = segments(make_claim(insurance=insurance))
    assert "HL*2*1*22*1" in made
    assert "SBR*P********ZZ" in made
    assert "NM1*IL*1*Miller*Otto****MI*Z99" in made
    assert made[made.index("HL*3*2*23*0") + 1] == "PAT*01"
    assert "NM1*QC*1*Muller*Ana*Maria" in made


def test_a_second_coverage_is_named_as_the_next_payer():
    """Who pays after the first is told with subscriber and payer."""
    insurance = [
        {"sequence": 2, "focal": False, "coverage": {"reference": "Coverage/c2"}},
        {"sequence": 1, "focal": True, "coverage": {"reference": "Coverage/c1"}},
    ]
    made = segments(make_claim(insurance=insurance))
    assert "SBR*S*01*******ZZ" in made
    assert made.index("SBR*P*18*G-100******12") < made.index("SBR*S*01*******ZZ")
    assert "NM1*IL*1*Miller*Otto****MI*Z99" in made


def test_a_role_bills_as_its_organization_and_renders_as_its_practitioner():
    """One PractitionerRole leads to the clinic in 2010AA and to the doctor in 2310B."""
    made = segments(make_claim(provider={"reference": "PractitionerRole/role1"}))
    assert "NM1*85*2*Green Hill Clinic*****XX*1234567893" in made
    assert "NM1*82*1*O'Hara*Joan***III*XX*1245319599" in made


def test_who_bills_for_their_own_service_is_not_named_again():
    """2310B is left out where rendering and billing provider are one."""
    around = resources()
    clinic, doctor = around["Organization/clinic"], around["Practitioner/d1"]
    doctor |= {key: clinic[key] for key in ("telecom", "address")}
    doctor["identifier"].append({"system": EIN, "value": "987654321"})
    made = segments(make_claim(provider={"reference": "Practitioner/d1"}), around)
    assert "NM1*85*1*O'Hara*Joan***III*XX*1245319599" in made
    assert not [one for one in made if one.startswith("NM1*82")]


def test_other_providers_and_the_facility_have_their_loops():
    """Referring and supervising providers and a facility elsewhere are named."""
    team = make_claim()["careTeam"] + [
        {
            "sequence": at,
            "provider": {"reference": "Practitioner/d2"},
            "role": {"coding": [{"system": ROLE, "code": code}]},
        }
        for at, code in ((2, "referring"), (3, "supervisor"))
    ]
    claim = make_claim(careTeam=team, facility={"reference": "Location/hospital"})
    for item in claim["item"]:
        del item["locationCodeableConcept"]
    made = segments(claim)
    assert "NM1*DN*1*Okafor*Ben****XX*1679576722" in made
    assert "NM1*DQ*1*Okafor*Ben****XX*1679576722" in made
    assert "NM1*77*2*Valley Hospital*****XX*1003000126" in made
    assert "CLM*CL-2026-0001*200***22:B:1*Y*A*Y*Y" in made


def test_a_replacement_names_the_claim_that_it_replaces():
    """Frequency 7 goes with the payer's own number; without that number the claim is not written."""
    prior = {"coding": [{"code": "prior"}]}
    related = [{"relationship": prior, "reference": {"value": "PAYER-123"}}]
    made = segments(make_claim(related=related))
    assert "CLM*CL-2026-0001*200***11:B:7*Y*A*Y*Y" in made
    assert "REF*F8*PAYER-123" in made
    found = faults(make_claim(related=[{"relationship": prior}]))
    assert list(found) == ["Claim.related[0].reference"]


def test_a_cancelled_claim_is_a_void():
    """Frequency 8 takes back what was sent."""
    related = [{"relationship": {"coding": [{"code": "prior"}]}, "reference": {"value": "P1"}}]
    made = segments(make_claim(status="cancelled", related=related))
    assert "CLM*CL-2026-0001*200***11:B:8*Y*A*Y*Y" in made


def test_authorization_referral_accident_stay_and_notes_are_written():
    """What a payer asks for beside the codes has its segment."""
    info = {"coding": [{"system": CATEGORY, "code": "info"}]}
    stay = {"coding": [{"system": CATEGORY, "code": "hospitalized"}]}
    accident_type = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "MVA"}
    claim = make_claim(
        insurance=[
            {
                "sequence": 1,
                "focal": True,
                "coverage": {"reference": "Coverage/c1"},
                "preAuthRef": ["AUTH9"],
            }
        ],
        referral={"identifier": {"value": "REF8"}},
        accident={
            "date": "2026-05-01",
            "type": {"coding": [accident_type]},
            "locationAddress": {"state": "NH"},
        },
        supportingInfo=[
            {"sequence": 1, "category": info, "valueString": "Seen with\ninterpreter: Spanish"},
            {"sequence": 2, "category": info, "valueString": "Two groups"},
            {
                "sequence": 3,
                "category": stay,
                "timingPeriod": {"start": "2026-05-01", "end": "2026-05-04T10:00:00-04:00"},
            },
        ],
    )
    claim["item"][1]["informationSequence"] = [2]
    made = segments(claim)
    for wanted in [
        "REF*G1*AUTH9",
        "REF*9F*REF8",
        "CLM*CL-2026-0001*200***11:B:1*Y*A*Y*Y**AA:::NH",
        "DTP*439*D8*20260501",
        "DTP*435*D8*20260501",
        "DTP*096*D8*20260504",
        "NTE*ADD*Seen with interpreter Spanish",
    ]:
        assert wanted in made, wanted
    assert made.index("NTE*ADD*Two groups") > made.index("LX*2")


def test_lines_may_take_days_minutes_and_another_place():
    """A period is RD8, minutes are MJ, a place other than the claim's stands on the line."""
    claim = make_claim()
    first, second = claim["item"]
    del first["servicedDate"]
    first["servicedPeriod"] = {"start": "2026-05-01", "end": "2026-05-04"}
    first["quantity"] = {"value": 45, "code": "min"}
    second["locationCodeableConcept"] = office({"coding": [{"system": _place(), "code": "02"}]})
    made = segments(claim)
    assert "DTP*472*RD8*20260501-20260504" in made
    assert "SV1*HC:99214:25*151.5*MJ*45***1:3" in made
    assert "SV1*HC:G0108*48.5*UN*2*02**1" in made


def _place():
    return office()["coding"][0]["system"]


def test_the_principal_diagnosis_comes_first():
    """HI begins with the principal diagnosis, and pointers follow the order in HI."""
    claim = make_claim()
    claim["diagnosis"][1]["type"] = [{"coding": [{"code": "principal"}]}]
    made = segments(claim)
    assert "HI*ABK:N1831*ABF:E1122*ABF:I129" in made
    assert "SV1*HC:99214:25*151.5*UN*1***2:3" in made


def test_amounts_are_written_exactly():
    """A decimal keeps its value to the cent, without exponent and needless zeros."""
    claim = make_claim(total={"value": Number("1000000.10"), "currency": "USD"})
    claim["item"][0]["net"] = {"value": Number("999999.00"), "currency": "USD"}
    claim["item"][1]["net"] = {"value": Number("1.10"), "currency": "USD"}
    made = segments(claim)
    assert "CLM*CL-2026-0001*1000000.1***11:B:1*Y*A*Y*Y" in made
    assert "SV1*HC:99214:25*999999*UN*1***1:3" in made


def test_a_line_without_a_net_costs_its_price_times_its_units():
    """The charge is what R4 says a net is, when only the unit price is known."""
    claim = make_claim()
    claim["item"][1] |= {"unitPrice": {"value": Number("24.25"), "currency": "USD"}}
    del claim["item"][1]["net"]
    assert "SV1*HC:G0108*48.5*UN*2***1" in segments(claim)


def test_everything_that_is_missing_is_said_at_once():
    """An empty claim gives one issue per missing element, each with its FHIRPath, and no text."""
    around = resources()
    clinic = around["Organization/clinic"]
    clinic["identifier"] = []
    del clinic["telecom"]
    clinic["address"][0]["postalCode"] = "05602"
    around["Patient/p1"].pop("birthDate")
    around["Coverage/c1"].pop("subscriberId")
    around["Organization/payer"].pop("identifier")
    claim = make_claim(identifier=None)
    del claim["item"][0]["net"], claim["item"][0]["unitPrice"]
    del claim["item"][1]["diagnosisSequence"]
    del claim["item"][1]["servicedDate"], claim["billablePeriod"]
    del claim["item"][0]["locationCodeableConcept"]
    assert set(faults(claim, around)) == {
        "Claim.provider.resolve().identifier",
        "Claim.provider.resolve().telecom",
        "Claim.provider.resolve().address.postalCode",
        "Claim.patient.resolve().birthDate",
        "Claim.insurance[0].coverage.resolve().subscriberId",
        "Claim.insurer.resolve().identifier",
        "Claim.identifier",
        "Claim.item[0].net",
        "Claim.item[0].location",
        "Claim.item[1].diagnosisSequence",
        "Claim.item[1].serviced",
        "Claim.total",
    }


@pytest.mark.parametrize(
    ("spoil", "expression"),
    [
        (lambda c: c.pop("diagnosis"), "Claim.diagnosis"),
        (lambda c: c.update(item=[]), "Claim.item"),
        (lambda c: c.update(insurance=[]), "Claim.insurance"),
        (lambda c: c.update(provider={"display": "x"}), "Claim.provider.resolve()"),
        (lambda c: c.update(diagnosis=[diagnosis(n, "I10") for n in range(1, 14)]), "Claim.diagnosis"),
        (lambda c: c["item"][0].update(diagnosisSequence=[9]), "Claim.item[0].diagnosisSequence"),
        (lambda c: c["item"][0].update(diagnosisSequence=[1] * 5), "Claim.item[0].diagnosisSequence"),
        (lambda c: c["item"][0].update(modifier=[MODIFIER] * 5), "Claim.item[0].modifier"),
        (lambda c: c["item"][0]["net"].update(currency="EUR"), "Claim.item[0].net"),
        (lambda c: c["item"][0]["net"].update(value=-1), "Claim.item[0].net"),
        (lambda c: c["item"][0].update(servicedDate="2026-05"), "Claim.item[0].serviced"),
        (lambda c: c["item"][0].update(productOrService=TEXT), "Claim.item[0].productOrService"),
        (lambda c: c["total"].update(value=199.99), "Claim.total"),
        (lambda c: c["identifier"][0].update(value="CL*1"), "Claim.identifier"),
        (lambda c: c["diagnosis"][0].update(diagnosisCodeableConcept=TEXT), "Claim.diagnosis[0].diagnosis"),
    ],
)  # fmt: skip
def test_what_cannot_be_written_is_named(spoil, expression):
    """Each fault is at its own place."""
    claim = make_claim()
    spoil(claim)
    assert expression in faults(claim)


@pytest.mark.parametrize(
    ("member", "value", "kind"),
    [
        ("status", "draft", "business-rule"),
        ("use", "preauthorization", "business-rule"),
        ("type", {"coding": [{"code": "vision"}]}, "not-supported"),
    ],
)
def test_only_an_approved_professional_claim_is_written(member, value, kind):
    """A draft is nobody's claim yet."""
    with pytest.raises(OperationOutcomeError) as caught:
        written(make_claim(**{member: value}))
    assert caught.value.kind_name == kind


@pytest.mark.parametrize(
    ("kind", "place", "more"),
    [
        ("EMER", "23", set()),
        ("HH", "12", set()),
        ("IMP", "21", {"DTP*435*D8*20260501", "DTP*096*D8*20260504"}),
    ],
)
def test_place_and_stay_may_come_from_the_encounter(kind, place, more):
    """The class of the encounter tells the place of service; a stay has its dates of admission."""
    around = resources()
    period = {"start": "2026-05-01T08:00:00Z", "end": "2026-05-04T12:00:00Z"}
    around["Encounter/e1"] = {
        "resourceType": "Encounter",
        "class": {"code": kind},
        "period": period,
    }
    claim = make_claim()
    for item in claim["item"]:
        del item["locationCodeableConcept"]
        item["encounter"] = [{"reference": "Encounter/e1"}]
    made = segments(claim, around)
    assert f"CLM*CL-2026-0001*200***{place}:B:1*Y*A*Y*Y" in made
    assert more <= set(made)


def test_a_place_of_service_may_come_from_the_caller():
    """Where no line and no facility says a place, the caller's is used."""
    claim = make_claim()
    for item in claim["item"]:
        del item["locationCodeableConcept"]
    made = segments(claim, sending=Sending("1", MOMENT, place="19"))
    assert "CLM*CL-2026-0001*200***19:B:1*Y*A*Y*Y" in made


def test_faults_repeat_no_value():
    """What is said of a fault holds nothing of the patient."""
    around = resources()
    around["Patient/p1"]["name"] = [{"family": "王小明", "given": ["SECRET*"]}]
    claim = make_claim()
    claim["identifier"][0]["value"] = "SECRET~ID"
    said = " ".join(faults(claim, around).values())
    assert "SECRET" not in said
    assert "王" not in said


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text(max_size=40), st.text(max_size=40), st.text(max_size=12), st.text(max_size=3))
def test_whatever_people_are_called_the_transaction_is_valid_or_refused(name, street, number, code):
    """No name, street or member number can break the transaction: it is written right or not at all."""
    around = copy.deepcopy(resources())
    around["Patient/p1"]["name"] = [{"family": name, "given": [street]}]
    around["Patient/p1"]["address"][0] |= {"line": [street, name], "city": number, "state": code}
    around["Coverage/c1"]["subscriberId"] = number
    claim = make_claim()
    claim["item"][0]["modifier"] = [{"coding": [{"code": code}]}]
    try:
        text = written(claim, around)
    except OperationOutcomeError:
        return
    (read,) = read_interchanges(text)
    assert len(read.groups[0].sets[0].body) == 29
    assert judged(text) == []


@given(st.integers(100_000_000, 999_999_999))
def test_an_npi_has_one_check_digit(nine):
    """Of the ten last digits exactly one makes an NPI."""
    assert sum(is_npi(f"{nine}{last}") for last in range(10)) == 1
    assert is_npi("1234567893")
    assert not is_npi("12345678\uff193")


def test_a_wrong_npi_is_refused():
    """A number that no registry can have given is not sent."""
    around = resources()
    around["Organization/clinic"]["identifier"][0] = {"system": NPI, "value": "1234567890"}
    assert "Claim.provider.resolve().identifier" in faults(make_claim(), around)
