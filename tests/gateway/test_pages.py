"""The pages for people: strict policy, escaped content, health."""

from datetime import UTC, datetime

from profiles.task import REVIEW, TRANSCRIBE, item, moved, new_task


def test_pages_forbid_every_script(client):
    """The start page needs no script and its policy allows none."""
    answer = client.get("/")
    assert answer.status_code == 200
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "<script" not in answer.text


def test_unknown_report_is_a_page_that_says_so(client):
    """A person who follows an old link reads a sentence, with status 404."""
    answer = client.get("/reports/none")
    assert (answer.status_code, "Not here" in answer.text) == (404, True)


def test_what_was_sent_is_escaped(client, store):
    """Markup in a patient's name is shown, not run."""
    patient = {
        "resourceType": "Patient",
        "id": "p",
        "name": [{"text": "<script>alert(1)</script>"}],
    }
    report = {
        "resourceType": "DiagnosticReport",
        "id": "r",
        "status": "preliminary",
        "subject": {"reference": "Patient/p"},
        "imagingStudy": [{"reference": "ImagingStudy/none"}],
        "issued": "2026-01-02T03:04:05.000Z",
        "conclusion": "<img src=x onerror=alert(1)>",
        "code": {"text": "x"},
    }
    store.transact(lambda tx: [tx.put(patient), tx.put(report)])
    for path in ("/", "/reports/r"):
        text = client.get(path).text
        assert "<script>" not in text
        assert "<img src=x" not in text


def test_a_form_from_another_site_decides_nothing(client):
    """A POST with a foreign Origin is forbidden."""
    answer = client.post("/reports/r", data={}, headers={"Origin": "https://elsewhere.example"})
    assert answer.status_code == 403


def test_health_is_answered(client):
    """/livez says alive, /readyz gives counts."""
    assert client.get("/livez").json()["status"] == "alive"
    assert client.get("/readyz").json()["jobs_waiting"] == 0


def test_reports_and_tasks_of_other_systems_are_shown_as_they_are(client):
    """Nothing but what R4 requires need be there."""
    headers = {"Content-Type": "application/fhir+json"}
    report = {
        "resourceType": "DiagnosticReport",
        "id": "r",
        "status": "final",
        "code": {"text": "Blood count"},
        "result": [
            {"display": "only words"},
            {"reference": "https://elsewhere.example/Observation/1"},
        ],
        "media": [{"link": {"reference": "Media/m"}}],
    }
    media = {
        "resourceType": "Media",
        "id": "m",
        "status": "completed",
        "content": {"url": "https://elsewhere.example/picture"},
    }
    task = {"resourceType": "Task", "id": "t", "status": "draft", "intent": "order"}
    for one in (report, media, task):
        address = f"/fhir/{one['resourceType']}/{one['id']}"
        assert client.put(address, json=one, headers=headers).status_code == 201
    home = client.get("/")
    assert (home.status_code, "draft" in home.text, "final" in home.text) == (200, True, True)
    assert client.get("/reports/r").status_code == 200


def test_the_start_page_shows_what_waits_and_what_came_to_nothing(client, store):
    """An empty house says so; a review has its patient and a failure its reason, both escaped."""
    assert "Nothing waits for you here." in client.get("/").text
    moment = datetime(2026, 1, 2, tzinfo=UTC)
    patient = {"resourceType": "Patient", "id": "p", "name": [{"text": "<b>Ann</b>"}]}
    review = new_task(
        "t", REVIEW, "Composition/n", moment, state="awaiting-review", patient="Patient/p"
    )
    failed = new_task("u", TRANSCRIBE, "Media/m", moment, patient="Patient/p")
    why = (item("reason", valueString="<i>nothing is said"),)
    ended = moved(failed, "completed", "not-analysed", moment, outputs=why)
    store.transact(lambda tx: [tx.put(one) for one in (patient, review, ended)])
    text = client.get("/").text
    assert 'href="/notes/n"' in text
    assert "&lt;b&gt;Ann&lt;/b&gt;" in text
    assert "&lt;i&gt;nothing is said" in text
    assert "<i>" not in text
    assert client.get("/?kind=x&order=y&after=z&undone=w").status_code == 200
