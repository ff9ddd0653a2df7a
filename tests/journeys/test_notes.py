"""A recorded visit arrives at a real gateway and becomes a note that a person makes final, and a claim."""

import base64
import re
import urllib.error
import urllib.parse
import urllib.request

import pytest

from tests.make_gateway import GatewayProcess, wait_until

VISIT = """WEBVTT

00:00.000 --> 00:03.000
<v Doctor>Good morning, what brings you in today?

00:03.000 --> 00:08.000
<v Patient>I have had knee pain in my left knee for about three weeks.

00:08.000 --> 00:10.000
<v Doctor>Any fever or chills?

00:10.000 --> 00:11.500
<v Patient>No, none of that.

00:11.500 --> 00:14.000
<v Doctor>Are you taking anything for it?

00:14.000 --> 00:18.000
<v Patient>I take ibuprofen 400 milligrams twice a day.

00:18.000 --> 00:23.000
<v Doctor>Your blood pressure today is 128 over 76.

00:23.000 --> 00:30.000
<v Doctor>On exam there is mild swelling of the left knee.

00:30.000 --> 00:38.000
<v Doctor>I think this is osteoarthritis of the knee, and your hypertension is stable.

00:38.000 --> 00:45.000
<v Doctor>I want you to start physical therapy and I will see you back in six weeks.
"""


@pytest.fixture(scope="module")
def practice(tmp_path_factory):
    """A gateway with its own scribe, a coder that knows a few words, and one patient with a visit."""
    folder = tmp_path_factory.mktemp("visits")
    gateway = GatewayProcess(
        folder,
        light=True,
        lanes="speech,scribe,coding",
        code_settle_s=0.05,
        models=folder / "models",
    )
    gateway.start()
    _put(gateway, "Patient", "p", gender="female", birthDate="1960-02-03")
    _put(
        gateway,
        "Encounter",
        "e",
        status="finished",
        subject={"reference": "Patient/p"},
        period={"start": "2026-03-02T09:00:00Z", "end": "2026-03-02T09:30:00Z"},
        **{"class": {"code": "AMB"}},
    )
    yield gateway
    gateway.stop()


def _put(gateway, kind, key, **elements):
    body = {"resourceType": kind, "id": key, **elements}
    status, answer, _ = gateway.request("PUT", f"/fhir/{kind}/{key}", body)
    assert status in (200, 201), answer


def _post(gateway, resource):
    status, answer, _ = gateway.request("POST", f"/fhir/{resource['resourceType']}", resource)
    assert status == 201, answer
    return f"{resource['resourceType']}/{answer['id']}"


def _spoken(text=VISIT):
    data = base64.b64encode(text.encode()).decode()
    return {
        "resourceType": "DocumentReference",
        "status": "current",
        "subject": {"reference": "Patient/p"},
        "date": "2026-03-02T10:00:00Z",
        "context": {"encounter": [{"reference": "Encounter/e"}]},
        "content": [{"attachment": {"contentType": "text/vtt", "data": data}}],
    }


def _ended(gateway, focus, code):
    def found():
        tasks = gateway.search(f"Task?focus={focus}&code={code}")
        return tasks[0] if tasks and tasks[0]["status"] == "completed" else None

    return wait_until(found, f"the {code} Task")


def _output(task, name):
    found = next(one for one in task["output"] if one["type"]["text"] == name)
    return found.get("valueReference", {}).get("reference") or found["valueString"]


def _page(gateway, path, form=None):
    body = None if form is None else urllib.parse.urlencode(form).encode()
    request = urllib.request.Request(f"http://127.0.0.1:{gateway.http_port}{path}", body)
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
        return answer.read().decode(), answer.headers


def test_a_transcript_becomes_a_final_note_and_a_draft_claim(practice):
    """Posted, drafted with evidence, edited on the page, final, a document, and coded: the whole way."""
    source = _post(practice, _spoken())
    task = _ended(practice, source, "transcribe")
    note = practice.get(_output(task, "composition"))
    assert note["status"] == "preliminary"
    for section in note["section"]:
        sentences = re.findall(r'<p id="([^"]+)">', section["text"]["div"])
        evidence = [
            part["valueString"]
            for mark in section["extension"]
            for part in mark["extension"]
            if part["url"] == "sentence"
        ]
        assert sentences == evidence
    (review,) = practice.search(f"Task?focus=Composition/{note['id']}&status=requested")
    text, headers = _page(practice, f"/notes/{note['id']}")
    assert re.findall("<script[^>]*>", text) == ['<script type="module" src="/static/note.js">']
    assert "media-src 'self'" in headers["Content-Security-Policy"]
    targets = set(re.findall(r'href="#([\w-]+)"', text))
    assert targets
    assert targets <= set(re.findall(r'id="([\w-]+)"', text))
    form = {
        "task": review["id"],
        "version": note["meta"]["versionId"],
        "performer": "Dr. Weber",
        "decision": "accepted",
        "section-0-text": "Knee pain for three weeks.",
    }
    shown, _ = _page(practice, f"/notes/{note['id']}", form)
    assert "attested by Dr. Weber" in shown
    final = practice.get(f"Composition/{note['id']}")
    assert final["status"] == "amended"
    status, document, _ = practice.request("GET", f"/fhir/Composition/{note['id']}/$document")
    assert (status, document["type"]) == (200, "document")
    coded = _ended(practice, f"Composition/{note['id']}", "code")
    claim = practice.get(_output(coded, "claim"))
    codes = [d["diagnosisCodeableConcept"]["coding"][0]["code"] for d in claim["diagnosis"]]
    assert "M25.569" in codes
    printed, _ = _page(practice, f"/notes/{note['id']}/print")
    assert "Knee pain for three weeks." in printed
    assert "Attested by Dr. Weber" in printed


def test_audio_without_a_recogniser_leaves_what_to_configure(practice):
    """The recording is kept, the Task says which setting or folder is missing, no note is there."""
    source = _post(
        practice,
        {
            "resourceType": "Media",
            "status": "completed",
            "subject": {"reference": "Patient/p"},
            "content": {
                "contentType": "audio/wav",
                "data": base64.b64encode(b"RIFF____WAVE").decode(),
            },
        },
    )
    task = _ended(practice, source, "transcribe")
    assert task["businessStatus"]["coding"][0]["code"] == "not-analysed"
    assert "Whisper" in _output(task, "reason")
    assert practice.get(source)["status"] == "completed"


def test_transcribe_answers_with_the_note(practice):
    """$transcribe waits and gives Composition, Provenance and transcript; a template asked for is used."""
    source = _post(practice, _spoken(VISIT.replace("left knee", "right knee")))
    _ended(practice, source, "transcribe")
    body = {
        "resourceType": "Parameters",
        "parameter": [{"name": "template", "valueString": "h-and-p"}],
    }
    status, bundle, _ = practice.request("POST", f"/fhir/{source}/$transcribe", body)
    assert status == 200, bundle
    kinds = [entry["resource"]["resourceType"] for entry in bundle["entry"]]
    assert kinds[:2] == ["Composition", "Provenance"]
    assert "DocumentReference" in kinds
    assert bundle["entry"][0]["resource"]["type"]["coding"][0]["code"] == "34117-2"


def test_transcribe_refuses_what_holds_no_visit(practice):
    """A picture and an unknown speaker are refused with the place."""
    picture = _post(
        practice,
        {
            "resourceType": "Media",
            "status": "completed",
            "subject": {"reference": "Patient/p"},
            "content": {"contentType": "image/png", "data": "AAAA"},
        },
    )
    status, outcome, _ = practice.request("POST", f"/fhir/{picture}/$transcribe")
    assert (status, outcome["resourceType"]) == (422, "OperationOutcome")
    body = {
        "resourceType": "Parameters",
        "parameter": [{"name": "speakers", "valueCode": "cat"}],
    }
    status, outcome, _ = practice.request("POST", f"/fhir/{picture}/$transcribe", body)
    assert status in (400, 422)
    assert "speaker" in outcome["issue"][0]["diagnostics"]


def test_speakers_are_corrected_by_decide(practice):
    """$decide with speakers answers at once, the scribe writes the next version, and it can be made final."""
    source = _post(practice, _spoken(VISIT.replace("ibuprofen", "naproxen")))
    note = practice.get(_output(_ended(practice, source, "transcribe"), "composition"))
    (review,) = practice.search(f"Task?focus=Composition/{note['id']}&status=requested")
    speaker = [
        {"name": "role", "valueCode": "other"},
        {"name": "segment", "valueUnsignedInt": 5},
        {"name": "segment", "valueUnsignedInt": 1},
    ]
    person = {"name": "performer", "valueReference": {"display": "Dr. Weber"}}
    version = {"name": "version", "valueString": note["meta"]["versionId"]}
    body = {
        "resourceType": "Parameters",
        "parameter": [person, version, {"name": "speaker", "part": speaker}],
    }
    status, bundle, _ = practice.request("POST", f"/fhir/Task/{review['id']}/$decide", body)
    assert status == 200, bundle
    kinds = [entry["resource"]["resourceType"] for entry in bundle["entry"]]
    assert {"Composition", "Provenance", "Binary", "Task"} <= set(kinds)

    def rewritten():
        found = practice.get(f"Composition/{note['id']}")
        return found if found["meta"]["versionId"] == "2" else None

    again = wait_until(rewritten, "the next version of the note")
    assert again["status"] == "preliminary"
    text, _ = _page(practice, f"/notes/{note['id']}")
    assert text.count("speaker corrected") == 2
    status, outcome, _ = practice.request("POST", f"/fhir/Task/{review['id']}/$decide", body)
    assert status == 409, outcome
    (review,) = practice.search(f"Task?focus=Composition/{note['id']}&status=requested")
    form = {"task": review["id"], "version": "2", "performer": "Dr. Weber", "decision": "accepted"}
    shown, _ = _page(practice, f"/notes/{note['id']}", form)
    assert "attested by Dr. Weber" in shown
    with urllib.request.urlopen(f"{practice.base}/notes/{note['id']}/pdf") as answer:  # noqa: S310
        assert answer.read().startswith(b"%PDF-")
