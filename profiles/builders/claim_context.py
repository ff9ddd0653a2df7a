"""What the builders of one draft Claim share: whose it is, what it bills for, ids that never change."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from profiles.coding_records import CodingRequest, CodingResult
from profiles.outcome import OperationOutcomeError
from profiles.uids import derived_id
from terminology.claims import CLAIM_TYPES, USES
from terminology.coding import Code
from terminology.fees import Fee

Reference = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ClaimContext:
    """The setting of one draft Claim; what is not known stays out of it.

    Parameters
    ----------
    patient : str
        Reference of the patient whose notes were coded.
    documents : tuple of str
        References of the notes, in the order in which they were written.
    moment : datetime
        When the codes were suggested, aware.
    service_date : str
        ISO date or dateTime of the service.
    encounter : str
        Reference of the encounter; empty when the documents belong to none.
    coverages : tuple of Coverage resources
        The patient's; only active ones are billed, by their ``order``, then as they come.
    provider : Reference or None
        Practitioner, PractitionerRole or Organization that bills.
    care_team : tuple of Reference
        Who provided the services, the responsible one first.
    use, kind : str
        ``claim`` or ``preauthorization``; ``professional`` or ``institutional``.
    place : str
        CMS place of service of a professional claim's lines.
    period : (str, str)
        Start and end of the billed time; the day of service where empty.
    task_id : str
        The coding Task; empty for a call that waited for its answer.
    request : CodingRequest or None
        What the coder was given, kept beside its result so that every offset can be looked up.
    admitting : Code or None
        The diagnosis at admission, of an institutional claim.
    type_of_bill : str
        NUBC type of bill, of an institutional claim.
    fees : mapping of str to Fee
        A site's charges by code; without one no amount is written.
    card : str
        Model card of the coder (Markdown); what the result says of itself where empty.
    """

    patient: str
    documents: tuple[str, ...]
    moment: datetime
    service_date: str = ""
    encounter: str = ""
    coverages: tuple[Mapping[str, Any], ...] = ()
    provider: Reference | None = None
    care_team: tuple[Reference, ...] = ()
    use: str = "claim"
    kind: str = "professional"
    place: str = ""
    period: tuple[str, str] = ("", "")
    task_id: str = ""
    request: CodingRequest | None = None
    admitting: Code | None = None
    type_of_bill: str = ""
    fees: Mapping[str, Fee] = field(default_factory=dict)
    card: str = ""

    def __post_init__(self) -> None:
        """Refuse what no Claim can be made of (``required``, ``code-invalid``)."""
        if not self.patient or not (self.encounter or self.documents):
            raise OperationOutcomeError(
                "required", "a claim needs a patient and an encounter or a document"
            )
        if self.use not in USES or self.kind not in CLAIM_TYPES:
            raise OperationOutcomeError(
                "code-invalid",
                "a claim is a claim or preauthorization, and professional or institutional",
            )

    @property
    def institutional(self) -> bool:
        """Whether a facility bills (UB-04) rather than a professional (CMS-1500)."""
        return self.kind == "institutional"

    @property
    def claim_id(self) -> str:
        """Id of the draft of this encounter: a new coding writes its next version."""
        about = self.encounter or self.documents[0]
        return derived_id("Claim", about, self.use, self.kind)

    @property
    def run(self) -> str:
        """What tells two codings of one encounter apart: the job, else what was coded."""
        if self.task_id:
            return self.task_id
        said = [f"{n.document}\x1e{n.text}" for n in self.request.notes] if self.request else []
        return hashlib.sha256("\x1f".join([*self.documents, *said]).encode()).hexdigest()


COVERED: Final = "active"


def billed_coverages(context: ClaimContext) -> list[Mapping[str, Any]]:
    """The coverages that are in force, primary first (R4 coverage.html: ``order``)."""
    active = [c for c in context.coverages if c.get("status") == COVERED and c.get("id")]
    return sorted(active, key=lambda coverage: coverage.get("order") or len(active) + 1)


def digest_of(result: CodingResult) -> str:
    """SHA-256 of everything that the coder ran with."""
    named = [f"{name}={digest}" for name, digest in result.digests]
    said = "\x1f".join([result.coder, result.coder_version, *named])
    return hashlib.sha256(said.encode()).hexdigest()


def coder_id(result: CodingResult) -> str:
    """Id of the coder version's Device."""
    return derived_id("Device", result.coder, digest_of(result))


def coder_card_id(result: CodingResult) -> str:
    """Id of the DocumentReference with the coder's model card."""
    return derived_id("ModelCard", result.coder, digest_of(result))
