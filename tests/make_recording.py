"""Recordings sent to a real gateway, and the ends of their Tasks."""

import base64
from pathlib import Path
from typing import Any

from tests.make_gateway import GatewayProcess, wait_until


def recording(
    path: Path, media_type: str, subject: str = "Patient/p", **content: Any
) -> dict[str, Any]:
    """A Media with a file inline."""
    data = base64.b64encode(path.read_bytes()).decode()
    return {
        "resourceType": "Media",
        "status": "completed",
        "subject": {"reference": subject},
        "createdDateTime": "2026-03-02T09:00:00Z",
        "content": {"contentType": media_type, "data": data, **content},
    }


def noted(gateway: GatewayProcess, media: dict[str, Any]) -> dict[str, Any]:
    """The Task of a Media that is sent, when it has ended."""
    status, answer, _ = gateway.request("POST", "/fhir/Media", media)
    assert status == 201, answer
    return transcribed(gateway, f"Media/{answer['id']}")


def transcribed(gateway: GatewayProcess, focus: str) -> dict[str, Any]:
    """The Task of a recording, when it has ended."""

    def ended() -> dict[str, Any] | None:
        tasks = gateway.search(f"Task?focus={focus}&code=transcribe")
        return tasks[0] if tasks and tasks[0]["status"] in ("completed", "failed") else None

    return wait_until(ended, "the end of the transcription")


def state_of(task: dict[str, Any]) -> str:
    """How a Task has ended."""
    return str(task["businessStatus"]["coding"][0]["code"])


def output_of(task: dict[str, Any], name: str) -> str:
    """An output of a Task; empty where it has none of this name."""
    found = [one for one in task.get("output", ()) if one["type"]["text"] == name]
    if not found:
        return ""
    return str(found[0].get("valueString") or found[0]["valueReference"]["reference"])


def remarks_on(gateway: GatewayProcess, task: dict[str, Any]) -> str:
    """What the review of a Task's note says that a person must know."""
    (review,) = gateway.search(f"Task?focus={output_of(task, 'composition')}&status=requested")
    return " ".join(note["text"] for note in review.get("note", ()))
