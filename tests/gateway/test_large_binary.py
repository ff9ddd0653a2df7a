"""A large Binary: its content lies in a file, comes and goes as ever, and nobody reads another file by it."""

import base64
import gzip
import hashlib
from collections.abc import Iterator
from functools import partial

import pytest

from adapters.store import open_store
from gateway.attachment_content import AttachmentContent
from gateway.backup import backup, restore
from gateway.coding_sources import StoredSources
from gateway.content_file import CONTENT_FILE, file_of
from gateway.interactions.binary_upload import SMALL
from profiles.outcome import OperationOutcomeError

WAV = {"Content-Type": "audio/wav"}
FHIR = {"Content-Type": "application/fhir+json", "Accept": "application/fhir+json"}
SOUND = bytes(range(256)) * (SMALL // 128)


def _pieces(content: bytes) -> Iterator[bytes]:
    for at in range(0, len(content), 70_001):
        yield content[at : at + 70_001]


def _put(client, content=SOUND, **headers):
    answer = client.put("/fhir/Binary/b", content=_pieces(content), headers={**WAV, **headers})
    assert answer.status_code in (200, 201), answer.text
    return answer


def test_content_comes_back_whole_and_in_ranges(client, store):
    """As what it holds, as JSON, and the part that a player asks for; the database has none of it."""
    answer = _put(client)
    assert len(answer.content) < 1000
    found = client.get("/fhir/Binary/b", headers={"Accept": "audio/wav"})
    assert (found.content, found.headers["content-type"]) == (SOUND, "audio/wav")
    assert found.headers["content-length"] == str(len(SOUND))
    as_json = client.get("/fhir/Binary/b", headers=FHIR)
    assert as_json.headers["content-length"] == str(len(as_json.content))
    assert base64.b64decode(as_json.json()["data"]) == SOUND
    assert "_data" not in as_json.json()
    assert client.get("/fhir/Binary/b?_format=json").json() == as_json.json()
    part = client.get("/fhir/Binary/b?_elements=contentType&_format=json").json()
    assert part["contentType"] == "audio/wav"
    assert "data" not in part
    part = client.get("/fhir/Binary/b", headers={"Accept": "audio/wav", "Range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, SOUND[10:20])
    assert part.headers["content-range"] == f"bytes 10-19/{len(SOUND)}"
    assert len(store.read("Binary", "b").body) < 1000
    head = client.head("/fhir/Binary/b", headers=FHIR)
    assert (head.content, head.headers["content-length"]) == (b"", str(len(as_json.content)))
    tagged = {**FHIR, "If-None-Match": as_json.headers["etag"]}
    assert client.get("/fhir/Binary/b", headers=tagged).status_code == 304


def test_every_version_keeps_its_content(client):
    """A version that another has replaced is answered with what it held."""
    _put(client)
    _put(client, SOUND[::-1])
    _put(client, b"small")
    for version, content in (("1", SOUND), ("2", SOUND[::-1]), ("3", b"small")):
        assert client.get(f"/fhir/Binary/b/_history/{version}").content == content
    listed = client.get("/fhir/Binary/b/_history", headers=FHIR).json()["entry"]
    assert len(listed) == 3


def test_what_a_list_has_given_may_come_back(client, send_bundle):
    """A Binary out of a search or a batch names its file, and is stored again with the same content."""
    _put(client)
    read = send_bundle("batch", {"request": {"method": "GET", "url": "Binary/b"}}, **FHIR)
    (entry,) = read["entry"]
    copy = {**entry["resource"], "id": "copy"}
    assert copy["_data"]["extension"][0]["url"] == CONTENT_FILE
    assert client.put("/fhir/Binary/copy", json=copy, headers=FHIR).status_code == 201
    assert client.get("/fhir/Binary/copy").content == SOUND
    change = [{"op": "add", "path": "/language", "value": "en"}]
    patch = {**FHIR, "Content-Type": "application/json-patch+json"}
    assert client.patch("/fhir/Binary/copy", json=change, headers=patch).status_code == 200
    assert client.get("/fhir/Binary/copy").content == SOUND


@pytest.mark.parametrize("seal", ["", ".", ".0000", "." + "0" * 64])
def test_a_file_is_not_read_by_its_digest(client, store, seal):
    """Whoever knows the SHA-256 of an archived file and no seal of the store is refused."""
    digest, _ = store.blobs.put(b"an image of somebody")
    named = {"url": CONTENT_FILE, "valueString": f"{digest}{seal}"}
    binary = {"resourceType": "Binary", "id": "b", "contentType": "audio/wav"}
    sent = {**binary, "_data": {"extension": [named]}}
    answer = client.put("/fhir/Binary/b", json=sent, headers=FHIR)
    assert (answer.status_code, answer.json()["resourceType"]) == (404, "OperationOutcome")
    assert digest not in answer.text
    assert store.current("Binary", "b") is None


def test_a_body_that_is_too_large_or_breaks_off_leaves_nothing(client, store):
    """413 beyond the limit, packed or not, with and without a length; no half of it stays on disk."""
    long = bytes(4_000_001)
    for content in (long, _pieces(long)):
        answer = client.post("/fhir/Binary", content=content, headers=WAV)
        assert (answer.status_code, answer.json()["issue"][0]["code"]) == (413, "too-costly")
    packed = {**WAV, "Content-Encoding": "gzip"}
    whole = gzip.compress(SOUND)
    for content, status in ((gzip.compress(long), 413), (whole[:-9], 400), (whole, 201)):
        assert client.post("/fhir/Binary", content=content, headers=packed).status_code == status
    (kept,) = store.blobs.files()
    assert kept.read_bytes() == SOUND
    assert [one for one in store.blobs.path("x").parent.parent.iterdir() if one.is_file()] == []


def test_a_backup_has_the_content(client, store, tmp_path):
    """What is restored elsewhere is read as it was."""
    _put(client)
    backup(store, tmp_path / "copy")
    restore(tmp_path / "copy", tmp_path / "again")
    restored = open_store(tmp_path / "again")
    try:
        file = file_of(restored.read("Binary", "b").json(), restored)
        assert file is not None
        assert hashlib.sha256(file.read_bytes()).digest() == hashlib.sha256(SOUND).digest()
        file.unlink()
        with pytest.raises(OperationOutcomeError, match="not kept here"):
            file_of(restored.read("Binary", "b").json(), restored)
    finally:
        restored.close()


def test_an_attachment_is_read_out_of_the_file(client, store, tmp_path):
    """A document or recording whose Binary is large is read where it lies; what was changed is refused."""
    _put(client)
    contents = AttachmentContent(StoredSources(store).read, (), (), partial(file_of, store=store))
    digest = hashlib.sha1(SOUND, usedforsecurity=False).digest()
    stated = {"size": len(SOUND), "hash": base64.b64encode(digest).decode()}
    attachment = {"url": "Binary/b", **stated}
    assert contents.content(attachment, "Media.content") == (
        SOUND,
        "audio/wav",
        "Media.content.url",
    )
    file, media_type, _ = contents.saved(attachment, "Media.content", tmp_path / "own")
    assert (file.read_bytes(), media_type) == (SOUND, "audio/wav")
    assert not (tmp_path / "own").exists()
    for wrong in ({"size": 1}, {"hash": base64.b64encode(bytes(20)).decode()}):
        for read in (contents.content, partial(contents.saved, target=tmp_path / "own")):
            with pytest.raises(OperationOutcomeError, match="than is stated"):
                read({**attachment, **wrong}, "Media.content")
    narrow = AttachmentContent(StoredSources(store).read, (), (), partial(file_of, store=store), 9)
    with pytest.raises(OperationOutcomeError, match="more than 9 bytes"):
        narrow.content(attachment, "Media.content")
