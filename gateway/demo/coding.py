"""A clinical note becomes codes with their evidence, a Claim that a person approves, and a payer's answer.

The payer is a real HTTP server in a process of its own (``isthmus payer``), which validates what it gets.
"""

import json
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from gateway.demo.coding_example import BUNDLE, DOCUMENTED, INSURER, SITE_LIST
from gateway.demo.console import say
from gateway.demo.running import Running
from gateway.settings import TERMINOLOGY
from profiles.outcome import OperationOutcomeError
from terminology.importers import Import, importers
from terminology.systems import ISTHMUS

EVIDENCE: Final = f"{ISTHMUS}/StructureDefinition/code-evidence"
PERSON: Final = "Dr. Example"


def load_site_list(folder: Path) -> None:
    """Import the CPT numbers of the demonstration's site, as ``isthmus terminology import`` does."""
    given = folder / "cpt.txt"
    given.write_text(SITE_LIST, encoding="utf-8")
    wanted = Import(folder / TERMINOLOGY, (given,), "2026-01-01", "", {}, lambda *_: None)
    importers()["cpt"].run(wanted)


class TrialPayer:
    """The payer's process, and the file by which the gateway knows it.

    Parameters
    ----------
    folder : Path
        Where the file is written.
    """

    def __init__(self, folder: Path) -> None:
        self.file = folder / "payers.json"
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        """Start it, and wait until it says where it listens."""
        command = [sys.executable, "-m", "gateway.cli", "payer"]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        said = self._process.stdout.readline().split() if self._process.stdout else []
        if len(said) != 2:
            raise OperationOutcomeError("timeout", "the trial payer did not start")
        known = {"name": "trial", "address": said[1], "organization": [INSURER]}
        self.file.write_text(json.dumps([known]), encoding="utf-8")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End it."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(timeout=10)
            if self._process.stdout is not None:
                self._process.stdout.close()


class CodingJourney:
    """What becomes of one note.

    Parameters
    ----------
    running : Running
    """

    def __init__(self, running: Running) -> None:
        self._running = running

    def play(self) -> bool:
        """Send the note; whether its codes are those that it documents and the payer has answered."""
        say("\nA note of an office visit, by POST\n")
        answer = self._running.post("/fhir", BUNDLE)
        located = [entry["response"]["location"] for entry in answer["entry"]]
        places = [place.rpartition("/fhir/")[2] for place in located]
        note = next(place for place in places if place.startswith("DocumentReference/"))
        patient = next(place for place in places if place.startswith("Patient/"))
        subject = "/".join(patient.split("/")[:2])
        self._running.follow(f"Task?patient={subject}&code=code")
        review = self._running.found(f"Task?patient={subject}&code=review&status=requested")
        if not review:
            say(f"  no codes were suggested for {note}\n")
            return False
        claim = self._running.get(f"/fhir/{review[0]['focus']['reference']}")
        agreed = self._show(claim)
        self._approve(review[0])
        return self._answered(claim) and agreed

    def _show(self, claim: dict[str, Any]) -> bool:
        say(
            f"\n  Claim/{claim['id']}  ({claim['status']})  {self._running.base}/claims/{claim['id']}\n"
        )
        suggested = set()
        for diagnosis in claim.get("diagnosis", ()):
            concept = diagnosis["diagnosisCodeableConcept"]
            coding = concept["coding"][0]
            suggested.add(coding["code"])
            say(f"  | {coding['code']:<9}{coding.get('display', '')}\n")
            for quote in _quotes(concept) or _quotes(diagnosis):
                say(f"  |          “{quote}”\n")
        for line in claim.get("item", ()):
            codings = line["productOrService"].get("coding", ())
            say(f"  | {' '.join(coding['code'] for coding in codings)}\n")
            for quote in _quotes(line["productOrService"]) or _quotes(line):
                say(f"  |          “{quote}”\n")
        missed, more = DOCUMENTED - suggested, suggested - DOCUMENTED
        say("\n  against what the note documents:\n")
        say(f"  {'DIFFERS' if missed or more else 'agrees'} {len(suggested & DOCUMENTED)} of ")
        say(f"{len(DOCUMENTED)} codes; missed: {_listed(missed)}; more: {_listed(more)}\n")
        return not missed

    def _approve(self, review: dict[str, Any]) -> None:
        say(f"\n  {PERSON} accepts the draft\n")
        reason = "Demonstration: the findings of the scrub are known."
        self._running.post(
            f"/fhir/Task/{review['id']}/$decide",
            {
                "resourceType": "Parameters",
                "parameter": [
                    {"name": "decision", "valueCode": "accepted"},
                    {"name": "performer", "valueReference": {"display": PERSON}},
                    {"name": "reason", "valueString": reason},
                ],
            },
        )

    def _answered(self, claim: dict[str, Any]) -> bool:
        """Whether the payer's answer is on record."""
        self._running.follow(f"Task?focus=Claim/{claim['id']}&code=submit", awaited="answered")
        answers = self._running.found(f"ClaimResponse?request=Claim/{claim['id']}")
        for answer in answers:
            words = answer.get("disposition", answer["outcome"])
            say(f"\n  ClaimResponse/{answer['id']}  ({answer['outcome']}) {words}\n")
        return bool(answers)


def _quotes(element: dict[str, Any]) -> list[str]:
    """The verbatim spans that a code rests on."""
    found = []
    for extension in element.get("extension", ()):
        if extension["url"] == EVIDENCE:
            parts = {part["url"]: part for part in extension.get("extension", ())}
            found.append(str(parts["text"]["valueString"]))
    return found


def _listed(codes: set[str]) -> str:
    return ", ".join(sorted(codes)) or "none"
