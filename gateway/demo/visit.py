"""A visit is recorded and becomes a note whose every sentence names what was said.

No speech model ships, and the demonstration synthesises no speech that it could recognise by itself: it says
which part was done by what of the machine and of the site, and what is missing. The note that is decided is
always that of the shipped transcript.
"""

import base64
import re
from typing import Any, Final

from gateway.demo.console import say
from gateway.demo.running import Running
from gateway.demo.visit_example import SAID, webvtt
from gateway.demo.visit_live import SPEED, LivePlay, Played
from gateway.demo.visit_speech import PROGRAM, Sound, spoken
from gateway.live.engine import engine_name
from profiles.outcome import OperationOutcomeError

PERSON: Final = "Dr. Example"
NO_ENGINE: Final = (
    "none, as none that ships would be good enough: put a Whisper directory in\n"
    "              CTranslate2 format into the folder of the setting ISTHMUS_MODELS, or name a\n"
    "              server in ISTHMUS_SPEECH_SERVER or ISTHMUS_SPEECH_REALTIME"
)


class VisitJourney:
    """What becomes of one visit.

    Parameters
    ----------
    running : Running
    """

    def __init__(self, running: Running) -> None:
        self._running = running
        self._engine = engine_name(running.gateway.settings)

    def play(self) -> bool:
        """Record it, then send the transcript; whether the note holds what was said, with its evidence."""
        say("\nA visit: an invented dialogue of a doctor and a patient\n")
        patient = str(self._running.post("/fhir/Patient", {"resourceType": "Patient"})["id"])
        sound = self._sound()
        say(f"  recogniser  {self._engine or NO_ENGINE}\n")
        recorded = sound is None or self._record(sound, patient)
        say("\n  The transcript that ships with the demonstration, attached as WebVTT by POST\n")
        times = () if sound is None else sound.times
        return self._note(_spoken(patient, webvtt(times))) and recorded

    def _sound(self) -> Sound | None:
        try:
            sound = spoken()
        except OperationOutcomeError as error:
            say(f"  voices      none, so nothing is played: {error.diagnostics}\n")
            return None
        say(f"  voices      {PROGRAM}, one voice and one channel for each of the two, ")
        say(f"{sound.duration_s:.0f} s\n")
        return sound

    def _record(self, sound: Sound, patient: str) -> bool:
        """Play it over the live path; whether every sample was kept."""
        say(f"\n  The dialogue over the live WebSocket, {SPEED} times as fast as it was said: ")
        say(f"{sound.duration_s / SPEED:.0f} s\n")
        try:
            played = LivePlay(self._running, sound).play(patient)
        except OperationOutcomeError as error:
            say(f"  the live path failed: {error.diagnostics}\n")
            return False
        finished = played.finished
        if self._engine and not played.why_not:
            say(f"  {played.partial} partial and {played.final} final segments by {self._engine}\n")
        elif self._engine:
            say(f"  no segments: {played.why_not}\n")
        else:
            say("  no segments come: there is no recogniser\n")
        whole = bool(finished["complete"]) and finished["offset"] == len(sound.pcm)
        kept = "every sample of it is kept" if whole else "DIFFERS from what was sent"
        say(f"  {finished['media']}  ({sound.duration_s:.0f} s, {kept})\n")
        self._follow(played)
        return whole

    def _follow(self, played: Played) -> None:
        """What the recording itself becomes."""
        task = self._running.follow(f"Task?focus={played.finished['media']}&code=transcribe")
        outputs = {entry["type"]["text"]: entry for entry in task.get("output", ())}
        if "composition" in outputs:
            reference = outputs["composition"]["valueReference"]["reference"]
            say(f"  {reference}  of what {self._engine} has heard; nobody decides it here\n")
            return
        reason = outputs.get("reason", {}).get("valueString", "")
        if self._engine:
            say(f"  no note of the recording: {reason}\n")
        else:
            say("  the recording is kept; its Task says what to configure\n")

    def _note(self, transcript: dict[str, Any]) -> bool:
        source = self._running.post("/fhir/DocumentReference", transcript)
        focus = f"DocumentReference/{source['id']}"
        task = self._running.follow(f"Task?focus={focus}&code=transcribe")
        outputs = {entry["type"]["text"]: entry for entry in task.get("output", ())}
        if "composition" not in outputs:
            say("  no note was drafted; the Task says why\n")
            return False
        reference = outputs["composition"]["valueReference"]["reference"]
        agreed = self._show(self._running.get(f"/fhir/{reference}"))
        return self._decide(reference) and agreed

    def _show(self, note: dict[str, Any]) -> bool:
        say(f"\n  Composition/{note['id']}  ({note['status']})  ")
        say(f"{self._running.base}/notes/{note['id']}\n")
        say("  written by the scribe that ships, out of the transcript alone\n")
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


def _spoken(patient: str, text: str) -> dict[str, Any]:
    data = base64.b64encode(text.encode()).decode()
    return {
        "resourceType": "DocumentReference",
        "status": "current",
        "subject": {"reference": f"Patient/{patient}"},
        "date": "2026-05-12T10:00:00Z",
        "content": [{"attachment": {"contentType": "text/vtt", "data": data}}],
    }
