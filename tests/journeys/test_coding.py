"""A note arrives; its codes are drafted with evidence, on arrival and on demand, through every kill."""

import base64
import random

import pytest

from tests.make_documents import image_pdf, text_pdf
from tests.make_gateway import GatewayProcess, wait_until

NOTE = (
    "Assessment:\r\n1. Hypertension, stable.\r\n2. Right knee pain — café work.\r\nPlan: rest.\r\n"
)
GERMAN = "Der Patient ist mit Hypertension bekannt und wurde nicht mit der Klinik und bei der Praxis gesehen."
EXCLUDED = "11503-0"
EVIDENCE = "https://isthmus.health/fhir/StructureDefinition/code-evidence"


@pytest.fixture(scope="module")
def practice(tmp_path_factory):
    """A gateway whose coder knows a few words, with one patient."""
    folder = tmp_path_factory.mktemp("practice")
    gateway = GatewayProcess(
        folder, light=True, lanes="coding", code_settle_s=0.1, code_excluded_types=EXCLUDED
    )
    gateway.start()
    _put(gateway, "Patient", "p", gender="female", birthDate="1960-02-03")
    _put(gateway, "Patient", "other")
    yield gateway
    gateway.stop()


def _put(gateway, kind, key, **elements):
    body = {"resourceType": kind, "id": key, **elements}
    status, answer, _ = gateway.request("PUT", f"/fhir/{kind}/{key}", body)
    assert status in (200, 201), answer
    return answer


def _encounter(gateway, key, patient="p"):
    return _put(
        gateway,
        "Encounter",
        key,
        status="finished",
        subject={"reference": f"Patient/{patient}"},
        period={"start": "2026-03-02T09:00:00Z", "end": "2026-03-02T09:30:00Z"},
        **{"class": {"code": "AMB"}},
    )


def _document(content=NOTE, media_type="text/plain; charset=utf-8", encounter=None, **elements):
    raw = content if isinstance(content, bytes) else content.encode()
    attachment = {"contentType": media_type, "data": base64.b64encode(raw).decode()}
    context = {"context": {"encounter": [{"reference": encounter}]}} if encounter else {}
    return {
        "resourceType": "DocumentReference",
        "status": "current",
        "subject": {"reference": "Patient/p"},
        "date": "2026-03-02T10:00:00Z",
        "content": [{"attachment": attachment}],
        **context,
        **elements,
    }


def _post(gateway, resource):
    status, answer, _ = gateway.request("POST", f"/fhir/{resource['resourceType']}", resource)
    assert status == 201, answer
    return f"{resource['resourceType']}/{answer['id']}"


def _coded(gateway, focus):
    """The one coding Task of a document, ended."""

    def ended():
        tasks = gateway.search(f"Task?focus={focus}&code=code")
        assert len(tasks) < 2
        return tasks[0] if tasks and tasks[0]["status"] == "completed" else None

    return wait_until(ended, "the coding")


def _outputs(task):
    return {one["type"]["text"]: one for one in task.get("output", ())}


def _parts(answer, name):
    return [one for one in answer["parameter"] if one["name"] == name]


def _part(parameter, name):
    found = [one for one in parameter["part"] if one["name"] == name]
    return next(v for k, v in found[0].items() if k != "name")


def test_a_note_becomes_a_draft_claim_that_shows_its_words(practice):
    """The review Task leads to a draft Claim whose every code names words that stand in the kept text."""
    _encounter(practice, "visit")
    focus = _post(practice, _document(encounter="Encounter/visit"))
    claim = practice.get(_outputs(_coded(practice, focus))["claim"]["valueReference"]["reference"])
    assert claim["status"] == "draft"
    assert "AIAST" in [label["code"] for label in claim["meta"]["security"]]
    codes = [d["diagnosisCodeableConcept"]["coding"][0]["code"] for d in claim["diagnosis"]]
    assert codes == ["I10", "M25.569"]
    (review,) = practice.search(f"Task?focus=Claim/{claim['id']}&code=review&status=requested")
    kept = next(i for i in review["input"] if i["type"]["text"] == "coding-request")
    status, given, _ = practice.request(
        "GET", f"/fhir/{kept['valueReference']['reference']}", headers={"Accept": "*/*"}
    )
    assert status == 200
    texts = {note["document"]: note["text"] for note in given["notes"]}
    assert texts[focus] == NOTE.replace("\r\n", " \n")
    for diagnosis in claim["diagnosis"]:
        spans = [e["extension"] for e in diagnosis["extension"] if e["url"] == EVIDENCE]
        assert spans
        for span in spans:
            said = {part["url"]: next(v for k, v in part.items() if k != "url") for part in span}
            text = texts[said["document"]["reference"]]
            assert text[said["start"] : said["end"]] == said["text"]


def test_the_notes_of_an_encounter_are_coded_together(practice):
    """A transaction with a note, a report and the encounter gives one job, one Claim, both as evidence."""
    report = {
        "resourceType": "DiagnosticReport",
        "status": "final",
        "code": {"text": "Radiology"},
        "subject": {"reference": "Patient/p"},
        "encounter": {"reference": "Encounter/together"},
        "conclusion": "Knee pain explained.",
    }
    encounter = {
        "resourceType": "Encounter",
        "id": "together",
        "status": "finished",
        "class": {"code": "IMP"},
        "subject": {"reference": "Patient/p"},
        "period": {"start": "2026-01-01", "end": "2026-01-05"},
    }
    note = _document("Hypertension.", encounter="Encounter/together")
    entries = [
        {"resource": encounter, "request": {"method": "PUT", "url": "Encounter/together"}},
        {"resource": note, "request": {"method": "POST", "url": "DocumentReference"}},
        {"resource": report, "request": {"method": "POST", "url": "DiagnosticReport"}},
    ]
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
    assert practice.request("POST", "/fhir", bundle)[0] == 200
    (task,) = wait_until(
        lambda: practice.search("Task?encounter=Encounter/together&code=code&status=completed"),
        "the coding",
    )
    claim = practice.get(_outputs(task)["claim"]["valueReference"]["reference"])
    assert len(claim["diagnosis"]) == 2
    assert claim["type"]["coding"][0]["code"] == "institutional"
    assert len(practice.search("Claim?encounter=Encounter/together") or [claim]) == 1


@pytest.mark.parametrize(
    ("resource", "reason"),
    [
        (
            _document(type={"coding": [{"system": "http://loinc.org", "code": EXCLUDED}]}),
            "excluded",
        ),
        (_document(language="fr"), "language"),
        (_document(b"\x89PNG", "image/png"), "nothing in the document"),
        (_document(subject={"display": "Somebody"}), "no patient"),
    ],
)
def test_what_is_not_coded_says_why(practice, resource, reason):
    """A document of an excluded type, in another language, without text or patient leaves its reason."""
    task = _coded(practice, _post(practice, resource))
    assert task["businessStatus"]["coding"][0]["code"] == "not-analysed"
    assert reason in _outputs(task)["reason"]["valueString"]


def test_a_document_that_cannot_be_read_is_refused(practice):
    """A PDF without text ends its job with the reason and the element, and no Claim is written."""
    outputs = _outputs(_coded(practice, _post(practice, _document(image_pdf(), "application/pdf"))))
    assert "pictures" in outputs["reason"]["valueString"]
    assert outputs["element"]["valueString"] == "DocumentReference.content[0].attachment.data"
    assert "claim" not in outputs


def test_on_demand_a_stored_note_is_coded_now(practice):
    """The answer holds codes with evidence in its own note, the draft Claim and the scrub."""
    pdf = text_pdf("Hypertension and fatigue")
    focus = _post(practice, _document(pdf, "application/pdf", docStatus="preliminary"))
    body = {
        "resourceType": "Parameters",
        "parameter": [{"name": "threshold", "valueDecimal": 0.2}],
    }
    status, answer, _ = practice.request("POST", f"/fhir/{focus}/$code", body)
    assert status == 200, answer
    (note,) = _parts(answer, "note")
    for suggestion in _parts(answer, "suggestion"):
        evidence = {"part": _part(suggestion, "evidence")}
        start, end = _part(evidence, "start"), _part(evidence, "end")
        assert _part(note, "text")[start:end] == _part(evidence, "text")
        assert _part(suggestion, "status") == "suggested"
    assert len(_parts(answer, "suggestion")) == 2
    kinds = [
        e["resource"]["resourceType"] for e in _parts(answer, "return")[0]["resource"]["entry"]
    ]
    assert kinds == ["Claim", "Provenance"]
    assert _parts(answer, "scrub")[0]["resource"]["resourceType"] == "OperationOutcome"


def test_an_encounter_is_coded_by_its_address_or_by_name(practice):
    """$code of an Encounter, and of a type with the encounter as parameter, code all of its notes."""
    _encounter(practice, "asked")
    form = {"contentType": "text/html", "data": base64.b64encode(b"<p>Hypertension</p>").decode()}
    report = {
        "resourceType": "DiagnosticReport",
        "status": "final",
        "code": {"text": "Consultation"},
        "subject": {"reference": "Patient/p"},
        "encounter": {"reference": "Encounter/asked"},
        "presentedForm": [form],
    }
    composition = {
        "resourceType": "Composition",
        "status": "final",
        "type": {"text": "Note"},
        "subject": {"reference": "Patient/p"},
        "encounter": {"reference": "Encounter/asked"},
        "date": "2026-03-02T10:00:00Z",
        "author": [{"display": "A"}],
        "title": "Note",
        "section": [
            {
                "title": "Assessment",
                "text": {
                    "status": "additional",
                    "div": '<div xmlns="http://www.w3.org/1999/xhtml">Knee pain</div>',
                },
            }
        ],
    }
    focus = _post(practice, report)
    other = _post(practice, composition)
    named = {"name": "encounter", "valueReference": {"reference": "Encounter/asked"}}
    body = {"resourceType": "Parameters", "parameter": [named]}
    for path, sent in (
        ("Encounter/asked/$code", None),
        ("Encounter/$code", body),
        (f"{focus}/$code", None),
        (f"{other}/$code", body),
    ):
        status, answer, _ = practice.request("POST", f"/fhir/{path}", sent)
        assert status == 200, answer
        found = {_part(one, "coding")["code"] for one in _parts(answer, "suggestion")}
        assert found == {"I10", "M25.569"}, path
        texts = {_part(one, "text") for one in _parts(answer, "note")}
        assert texts == {"Hypertension", "Assessment:\nKnee pain"}


def test_respond_async_answers_with_a_job(practice):
    """202 with the address of the job, whose status ends in the same answer."""
    focus = _post(practice, _document("Fatigue.", docStatus="preliminary"))
    status, _, headers = practice.request(
        "POST", f"/fhir/{focus}/$code", headers={"Prefer": "respond-async"}
    )
    assert status == 202
    place = headers["content-location"].partition("/fhir/")[2]

    def ended():
        status, answer, _ = practice.request("GET", f"/fhir/{place}")
        return answer if status == 200 else None

    (suggestion,) = _parts(wait_until(ended, "the job"), "suggestion")
    assert _part(suggestion, "status") == "below-threshold"


def test_what_is_sent_along_is_coded_and_not_stored(practice):
    """A Bundle with note and encounter is coded as a whole; nothing is written."""
    before = practice.get("?_summary=count")["total"]
    sent = {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [
            {
                "fullUrl": "urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0",
                "resource": {
                    "resourceType": "Encounter",
                    "status": "finished",
                    "class": {"code": "AMB"},
                    "subject": {"reference": "Patient/p"},
                    "period": {"start": "2026-02-01"},
                },
            },
            {
                "resource": _document(
                    b"{\\rtf1 Hypertension.\\par}",
                    "text/rtf",
                    "urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0",
                )
            },
        ],
    }
    body = {"resourceType": "Parameters", "parameter": [{"name": "resource", "resource": sent}]}
    status, answer, _ = practice.request("POST", "/fhir/DocumentReference/$code", body)
    assert status == 200, answer
    (suggestion,) = _parts(answer, "suggestion")
    assert _part(suggestion, "coding")["code"] == "I10"
    claim = _parts(answer, "return")[0]["resource"]["entry"][0]["resource"]
    assert claim["billablePeriod"]["start"] == "2026-02-01"
    assert practice.get("?_summary=count")["total"] == before


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("DocumentReference/nobody/$code", {}, 404),
        ("DocumentReference/$code", {}, 400),
        ("DocumentReference/$code", {"resource": _document(" ")}, 422),
        ("DocumentReference/$code", {"resource": _document(image_pdf(), "application/pdf")}, 422),
        ("DocumentReference/$code", {"resource": _document(GERMAN)}, 422),
        ("DocumentReference/$code", {"resource": {"resourceType": "Patient"}}, 400),
        ("DocumentReference/$code", {"resource": _document(), "valueDecimal": 1.5}, 422),
        (
            "DocumentReference/$code",
            {"resource": _document(), "valueReference": "Encounter/x"},
            404,
        ),
        (
            "DocumentReference/$code",
            {"resource": _document(), "valueReference": "Encounter/o"},
            422,
        ),
        ("DocumentReference/$code", {"resource": _document(), "valueUri": "urn:none"}, 422),
    ],
)
def test_bad_calls_get_a_clear_outcome(practice, path, body, status):
    """No document, no text, pictures alone, an impossible threshold, another patient's encounter."""
    _encounter(practice, "o", patient="other")
    names = {"valueDecimal": "threshold", "valueReference": "encounter", "valueUri": "system"}
    parameters = []
    for name, value in body.items():
        if name == "resource":
            parameters.append({"name": name, "resource": value})
        else:
            given = {"reference": value} if name == "valueReference" else value
            parameters.append({"name": names[name], name: given})
    sent = {"resourceType": "Parameters", **({"parameter": parameters} if parameters else {})}
    found, answer, _ = practice.request("POST", f"/fhir/{path}", sent)
    assert (found, answer["resourceType"]) == (status, "OperationOutcome"), answer
    assert "Hypertension" not in str(answer)


def test_the_shipped_coder_codes_a_note_with_its_words(hospital):
    """The coder that ships drafts a Claim whose codes rest on words of the note, a denied one left out."""
    _put(hospital, "Patient", "coded", gender="female", birthDate="1960-02-03")
    text = (
        "HISTORY\nNo chest pain.\n\nASSESSMENT AND PLAN\n1. Essential hypertension. Continue lisinopril.\n"
        "2. Left knee osteoarthritis. Physical therapy.\n"
    )
    note = _document(text, subject={"reference": "Patient/coded"})
    claim = hospital.get(
        _outputs(_coded(hospital, _post(hospital, note)))["claim"]["valueReference"]["reference"]
    )
    codes = {d["diagnosisCodeableConcept"]["coding"][0]["code"] for d in claim["diagnosis"]}
    assert {"I10", "M17.12"} <= codes
    assert not any(code.startswith("R07") for code in codes)
    for diagnosis in claim["diagnosis"]:
        (span, *_) = [e["extension"] for e in diagnosis["extension"] if e["url"] == EVIDENCE]
        said = {part["url"]: next(v for k, v in part.items() if k != "url") for part in span}
        assert text[said["start"] : said["end"]] == said["text"]


@pytest.mark.kill
def test_kills_lose_no_note_and_double_no_claim(tmp_path):
    """Lane and gateway are killed while notes arrive; every acknowledged note ends with one draft Claim."""
    dice = random.Random(20260310)  # noqa: S311 - repeatable dice
    gateway = GatewayProcess(tmp_path, light=True, lanes="coding", code_settle_s=0.05)
    gateway.start()
    try:
        _put(gateway, "Patient", "p")
        notes = []
        for number in range(10):
            _encounter(gateway, f"e{number}")
            notes.append(_post(gateway, _document(encounter=f"Encounter/e{number}")))
            if dice.random() < 0.4:
                gateway.kill_lanes()
                sent = {"resourceType": "Parameters", "parameter": []}
                sent["parameter"].append({"name": "resource", "resource": _document("Fatigue.")})
                answer = gateway.request("POST", "/fhir/DocumentReference/$code", sent)
                assert answer[0] == 200, "a call outlives the process that was to answer it"
            if dice.random() < 0.2:
                gateway.kill()
                gateway.start()
        for number, note in enumerate(notes):
            task = _coded(gateway, note)
            claim = _outputs(task)["claim"]["valueReference"]["reference"]
            reviews = gateway.search(f"Task?focus={claim}&code=review&status=requested")
            assert len(reviews) == 1, number
        assert gateway.get("Claim?_summary=count")["total"] == len(notes)
    finally:
        gateway.stop()
