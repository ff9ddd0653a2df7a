"""The page of a drafted note: marks, links without a script, ranges of audio, refusals shown."""

import base64
from dataclasses import replace

import pytest

from gateway.note_draft import keep_note
from profiles.builders.composition import build_note
from profiles.speech_records import NoteSection, NoteSentence, Word
from tests.make_note import NOTE, TRANSCRIPT, note_context

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
    assert "low-confidence" in text
    assert "&lt;i&gt;x&lt;/i&gt; is stable." in text
    assert "<script" not in text
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
