"""A note that a person finalises has its PDF and HTML in the same transaction, on a real store."""

import base64
import hashlib
from dataclasses import replace

import pytest

from gateway.arrivals import arrivals
from gateway.coding_sources import StoredSources
from gateway.decision import Decision
from gateway.interactions.write import Writes
from gateway.note_draft import keep_note
from gateway.note_rendering import outdate_rendering
from gateway.review import apply_decision
from gateway.settings import load_settings
from profiles.builders.composition import build_note
from profiles.clinical_document import ClinicalDocument
from tests.make_note import NOTE, TRANSCRIPT, note_context

SETTINGS = replace(load_settings({}), code_settle_s=0.0)


@pytest.fixture
def review(store):
    """The id of the review Task of a drafted note."""
    draft = build_note(TRANSCRIPT, NOTE, note_context())
    store.transact(lambda tx: keep_note(tx, draft))
    return draft.task["id"]


def _decide(store, review, word, *sections, settings=SETTINGS):
    version = "1" if sections else None
    decision = Decision(word, {"display": "Dr. Weber"}, version=version, sections=sections)
    store.transact(lambda tx: apply_decision(tx, review, decision, settings))


def _rendering(store):
    listed = [m.json() for m in store.search("DocumentReference", []).matches]
    found = [one for one in listed if one["content"][0]["attachment"]["contentType"] == PDF]
    return found[0] if found else None


PDF = "application/pdf"


def test_a_final_note_has_its_files(store, review):
    """One document names both, with size and hash, the version that they show, and who stands for it."""
    _decide(store, review, "accepted")
    document = _rendering(store)
    composition = store.search("Composition", []).matches[0]
    assert (document["status"], document["docStatus"]) == ("current", "final")
    shown = document["context"]["related"][0]["reference"]
    assert shown == f"Composition/{composition.id}/_history/{composition.version}"
    assert document["authenticator"] == {"display": "Dr. Weber"}
    kinds = []
    for content in document["content"]:
        attachment = content["attachment"]
        binary = store.read("Binary", attachment["url"].partition("/")[2]).json()
        held = base64.b64decode(binary["data"])
        digest = hashlib.sha1(held, usedforsecurity=False).digest()
        assert (attachment["size"], attachment["hash"]) == (
            len(held),
            base64.b64encode(digest).decode(),
        )
        assert binary["securityContext"] == {"reference": "Patient/p"}
        kinds.append(attachment["contentType"])
    assert kinds == [PDF, "text/html"]
    wanted = [("target", f"DocumentReference/{document['id']}")]
    assert len(store.search("Provenance", wanted).matches) == 1


def test_an_edited_note_shows_the_person_s_words(store, review):
    """What was edited and what was left out is so in the files."""
    edit = {"decision": ["modified"], "code": ["10160-0"], "text": ["Lisinopril 10 mg."]}
    out = {"decision": ["rejected"], "title": ["Vital signs"]}
    _decide(store, review, "modified", edit, out)
    document = _rendering(store)
    html = document["content"][1]["attachment"]["url"].partition("/")[2]
    page = base64.b64decode(store.read("Binary", html).json()["data"]).decode()
    assert "Lisinopril 10 mg." in page
    assert "128/76" not in page
    assert document["docStatus"] == "amended"


@pytest.mark.parametrize("word", ["rejected", ""])
def test_what_is_not_final_has_no_files(store, review, word):
    """A rejected note, and one that is still preliminary, is not rendered."""
    sections = () if word else ({"decision": ["accepted"], "title": ["Vital signs"]},)
    _decide(store, review, word, *sections)
    assert _rendering(store) is None


def test_nothing_is_coded_from_the_files(store, review):
    """The document is no second source of codes beside its note."""
    _decide(store, review, "accepted")
    found = StoredSources(store).documents("Encounter/e")
    usable = [one for one in map(ClinicalDocument, found) if one.in_force and not one.ours]
    assert [one.kind for one in usable] == ["Composition"]


@pytest.mark.parametrize(
    ("status", "state"), [("entered-in-error", "entered-in-error"), ("amended", "superseded")]
)
def test_another_version_of_the_note_outdates_the_files(store, review, status, state):
    """A note that lost its label and that a client changes or withdraws has no current document."""
    _decide(store, review, "accepted")
    note = store.search("Composition", []).matches[0].json()
    store.transact(lambda tx: outdate_rendering(tx, note))
    assert _rendering(store)["status"] == "current"
    meta = {k: v for k, v in note["meta"].items() if k != "security"}
    bare = {**note, "meta": meta}
    store.transact(lambda tx: tx.put(bare))
    changed = {**bare, "status": status, "title": "Changed"}
    store.transact(lambda tx: Writes(tx, "", arrivals(SETTINGS)).update(changed))
    assert _rendering(store)["status"] == state


def test_evidence_is_named_where_the_site_wants_it(store, review):
    """Each sentence ends with the turns that it rests on; one of the person's own has none."""
    edit = {"decision": ["modified"], "code": ["10160-0"], "text": ["Lisinopril 10 mg."]}
    _decide(store, review, "modified", edit, settings=replace(SETTINGS, note_evidence="on"))
    html = _rendering(store)["content"][1]["attachment"]["url"].partition("/")[2]
    page = base64.b64decode(store.read("Binary", html).json()["data"]).decode()
    assert "<p>The knee has hurt since Monday. [2]</p>" in page
    assert "<p>Lisinopril 10 mg.</p>" in page
    assert "turns of the transcript" in page
