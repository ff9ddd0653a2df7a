"""A transcript of a visit becomes a note whose every sentence names what was said.

No speech model ships, so the demonstration brings the transcript; what recognised it is said.
"""

import base64
import re
from typing import Any, Final

from gateway.demo.console import say
from gateway.demo.running import Running
from gateway.demo.visit_example import SAID, webvtt

PERSON: Final = "Dr. Example"


class VisitJourney:
    """What becomes of one visit.

    Parameters
    ----------
    running : Running
    """

    def __init__(self, running: Running) -> None:
        self._running = running

    def play(self) -> bool:
        """Send the transcript; whether the note holds what was said, with its evidence."""
        say("\nA transcript of a visit, by POST (no speech model ships: a person's WebVTT)\n")
        patient = self._running.post("/fhir/Patient", {"resourceType": "Patient"})
        source = self._running.post("/fhir/DocumentReference", _spoken(str(patient["id"])))
        focus = f"DocumentReference/{source['id']}"
        task = self._running.follow(f"Task?focus={focus}&code=transcribe")
        outputs = {entry["type"]["text"]: entry for entry in task.get("output", ())}
        if "composition" not in outputs:
            say("  no note was drafted; the Task says why\n")
            return False
        reference = outputs["composition"]["valueReference"]["reference"]
        note = self._running.get(f"/fhir/{reference}")
        agreed = self._show(note)
        return self._decide(reference) and agreed

    def _show(self, note: dict[str, Any]) -> bool:
        say(f"\n  Composition/{note['id']}  ({note['status']})  ")
        say(f"{self._running.base}/notes/{note['id']}\n")
        whole, unsupported = "", 0
        for section in note["section"]:
            sentences = re.findall(r'<p id="[^"]+">(.*?)</p>', section["text"]["div"], re.DOTALL)
            unsupported += len(sentences) - len(section.get("extension", ()))
            text = re.sub(r"<[^>]+>", "", " ".join(sentences))
            whole += text
            say(f"  | {section['title'].upper()}  {text}\n")
        missed = [word for word in SAID if word not in whole]
        say("\n  against what was said:\n")
        say(f"  {'DIFFERS' if missed or unsupported else 'agrees'} missed: ")
        say(f"{', '.join(missed) or 'none'}; sentences without evidence: {unsupported}\n")
        return not missed and not unsupported

    def _decide(self, reference: str) -> bool:
        review = self._running.found(f"Task?focus={reference}&code=review&status=requested")
        say(f"\n  {PERSON} accepts the note\n")
        self._running.post(
            f"/fhir/Task/{review[0]['id']}/$decide",
            {
                "resourceType": "Parameters",
                "parameter": [
                    {"name": "decision", "valueCode": "accepted"},
                    {"name": "performer", "valueReference": {"display": PERSON}},
                ],
            },
        )
        status = self._running.get(f"/fhir/{reference}")["status"]
        say(f"  {reference}  ({status})\n")
        return bool(status == "final")


def _spoken(patient: str) -> dict[str, Any]:
    data = base64.b64encode(webvtt().encode()).decode()
    return {
        "resourceType": "DocumentReference",
        "status": "current",
        "subject": {"reference": f"Patient/{patient}"},
        "date": "2026-05-12T10:00:00Z",
        "content": [{"attachment": {"contentType": "text/vtt", "data": data}}],
    }
