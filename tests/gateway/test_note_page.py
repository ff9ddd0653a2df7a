"""The page of a drafted note: marks, links without a script, ranges of audio, refusals shown."""

import base64
import re
from dataclasses import replace

import pytest

from gateway.note_draft import keep_note
from profiles.builders.composition import build_note
from profiles.speech_records import NoteSection, NoteSentence, Word
from tests.make_note import NOTE, TRANSCRIPT, note_context

OURS = '<script type="module" src="/static/note.js">'
SOUND = bytes(range(100))


@pytest.fixture
def note(store):
    """Id of a note whose transcript has an unsure word, whose words look like markup, and its recording."""
    words = (Word(2.5, 3.0, "My", 0.9), Word(3.0, 4.0, "<b>knee</b>", 0.2))
    first, second, *others = TRANSCRIPT.segments
    heard = replace(TRANSCRIPT, segments=(first, replace(second, words=words), *others))
    sections = (NoteSection("51848-0", "Assessment", (NoteSentence("<i>x</i> is stable.", (3,)),)),)
    draft = build_note(heard, replace(NOTE, sections=(*NOTE.sections, *sections)), note_context())
    media = {
        "resourceType": "Media",
        "id": "m",
        "status": "completed",
        "content": {"contentType": "audio/wav", "data": base64.b64encode(SOUND).decode()},
    }
    store.transact(lambda tx: [tx.put(media), keep_note(tx, draft)])
    return draft.composition["id"]


def _form(client, note, **fields):
    task = client.get(f"/fhir/Task?focus=Composition/{note}").json()["entry"][0]["resource"]["id"]
    form = {"task": task, "version": "1", "performer": "Dr. Weber", **fields}
    return client.post(f"/notes/{note}", data=form, follow_redirects=False)


def test_transcript_and_note_are_linked_and_escaped(client, note):
    """Turns lead to sentences and back, an unsure word and a flag are marked, nothing sent is run."""
    text = client.get(f"/notes/{note}").text
    assert 'href="#seg-1"' in text
    assert 'href="#s1-1"' in text
    assert '<u class="unsure" title="low confidence">&lt;b&gt;knee&lt;/b&gt;</u>' in text
    assert "low confidence" in text
    assert "&lt;i&gt;x&lt;/i&gt; is stable." in text
    assert re.findall("<script[^>]*>", text) == [OURS]
    assert "<i>x" not in text


def test_the_recording_is_played_from_here_in_ranges(client, note):
    """Whole and in part; a range that cannot be is answered with the whole."""
    whole = client.get(f"/notes/{note}/audio")
    assert (whole.status_code, whole.content, whole.headers["content-type"]) == (
        200,
        SOUND,
        "audio/wav",
    )
    part = client.get(f"/notes/{note}/audio", headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, SOUND[10:20])
    assert part.headers["content-range"] == "bytes 10-19/100"
    last = client.get(f"/notes/{note}/audio", headers={"Range": "bytes=-5"})
    assert last.content == SOUND[-5:]
    assert client.get(f"/notes/{note}/audio", headers={"Range": "bytes=500-"}).content == SOUND


def test_a_refused_form_comes_back_with_what_was_entered(client, note):
    """An edit of an old version changes nothing, and the words are still in the form."""
    answer = _form(
        client, note, version="7", decision="accepted", **{"section-0-text": "Knee is better."}
    )
    assert answer.status_code == 409
    assert "Nothing was decided" in answer.text
    assert "Knee is better." in answer.text
    assert client.get(f"/fhir/Composition/{note}").json()["status"] == "preliminary"


def test_an_unchanged_form_makes_the_note_final(client, note):
    """Without an edit the note is final as it was drafted."""
    assert _form(client, note, decision="accepted").status_code == 303
    final = client.get(f"/fhir/Composition/{note}").json()
    assert (final["status"], len(final["section"])) == ("final", 4)
    assert "<form" not in client.get(f"/notes/{note}").text


def test_a_section_may_be_left_out(client, note):
    """A section that is ticked, or emptied, is not in the amended note."""
    answer = _form(
        client,
        note,
        decision="accepted",
        **{"section-0-text": "", "section-1-reject": "on"},
    )
    assert answer.status_code == 303
    after = client.get(f"/fhir/Composition/{note}").json()
    assert [one["title"] for one in after["section"]] == ["Vital signs", "Assessment"]
    assert after["status"] == "amended"


def test_an_unknown_note_is_a_page_that_says_so(client):
    """An old link gives a sentence with 404, also for its recording."""
    assert client.get("/notes/none").status_code == 404
    assert client.get("/notes/none/audio").status_code == 404


def test_a_sentence_leads_to_its_seconds_of_the_recording(client, note):
    """Each sentence and turn has a link to its part, and the script that plays it is the only one allowed."""
    answer = client.get(f"/notes/{note}")
    assert f'href="/notes/{note}/audio#t=2.5,6.0" data-spans="2.5-6.0"' in answer.text
    assert "script-src 'self'" in answer.headers["content-security-policy"]
    assert client.get("/static/note.js").status_code == 200


def test_speakers_are_corrected_on_the_page(client, store, note):
    """The form offers every speaker and turn; what is chosen queues the note, and the page says so."""
    text = client.get(f"/notes/{note}?speakers=1").text
    assert "doctor (2 turns) is</label>" in text
    assert 'name="turn-3"' in text
    assert 'value="accepted"' not in text
    task = re.search('name="task" value="([^"]+)"', text)[1]
    form = {"task": task, "version": "1", "performer": "Dr. Weber", "speaker-0": "doctor"}
    refused = client.post(f"/notes/{note}/speakers", data=form)
    assert (refused.status_code, "no turn has another speaker" in refused.text) == (422, True)
    form |= {"speaker-0": "patient", "speaker-1": "doctor", "turn-3": "other"}
    answer = client.post(f"/notes/{note}/speakers", data=form, follow_redirects=False)
    assert answer.status_code == 303
    assert "is being written again" in client.get(f"/notes/{note}").text
    job = next(m.json() for m in store.search("Task", [("code", "transcribe")]).matches)
    assert job["requester"] == {"display": "Dr. Weber"}


def test_a_final_note_is_read_as_a_pdf(client, note):
    """There is none before, and the page leads to it afterwards."""
    assert client.get(f"/notes/{note}/pdf").status_code == 404
    _form(client, note, decision="accepted")
    assert f'href="/notes/{note}/pdf"' in client.get(f"/notes/{note}").text
    answer = client.get(f"/notes/{note}/pdf")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf")
    assert answer.content.startswith(b"%PDF-")


def test_a_section_of_another_program_is_shown(client, store, note):
    """A narrative that was not written here is read line by line, so that nothing of it is overlooked."""
    composition = store.read("Composition", note).json()
    div = '<div xmlns="http://www.w3.org/1999/xhtml"><ul><li>One</li><li>Two</li></ul></div>'
    composition["section"][0]["text"]["div"] = div
    store.transact(lambda tx: tx.put(composition))
    text = client.get(f"/notes/{note}").text
    assert re.search('class="sentence">[^<]*One', text)
    assert re.search('class="sentence">[^<]*Two', text)


def test_a_draft_that_came_too_late_is_put_away(client, store, note):
    """A decided note that was noted again offers to stay as it is, and then nothing waits any more."""
    _form(client, note, decision="accepted")
    later = build_note(TRANSCRIPT, NOTE, note_context(task_id="run-2"))
    store.transact(lambda tx: keep_note(tx, later))
    text = client.get(f"/notes/{note}").text
    assert "The recording was noted again after the note was decided." in text
    form = {"task": later.task["id"], "performer": "Dr. Weber", "decision": "rejected"}
    assert client.post(f"/notes/{note}", data=form, follow_redirects=False).status_code == 303
    assert "Keep the note as it is" not in client.get(f"/notes/{note}").text
    assert client.get(f"/fhir/Composition/{note}").json()["status"] == "final"
