"""What belongs to the record of a patient or an encounter: the compartment, and what that refers to.

What the extension encounter-associatedEncounter ties to an encounter counts as its compartment does.
Whatever the compartment refers to is part of the record, at any distance, binaries of attachments and the
Provenance of its resources included; but never what speaks of another patient.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from adapters.store import StoredVersion
from gateway.operations.definition import Call
from profiles.fhir_time import instant
from profiles.outcome import OperationOutcomeError
from profiles.search.parameters import ASSOCIATED_ENCOUNTER, compartments
from profiles.search.ranges import date_range
from profiles.search.request import Member, Pair, understand
from profiles.search.values import literal

OWNER: Final = 0
MEMBER: Final = 1
SUPPORT: Final = 2
"""Why a resource is in a record."""

LARGEST: Final = 100_000
"""Resources that are gathered for one call."""

CARE_DATES: Final = {
    **dict.fromkeys(
        (
            *("AdverseEvent", "AllergyIntolerance", "Appointment", "CarePlan", "CareTeam"),
            *("ClinicalImpression", "Composition", "DiagnosticReport", "DocumentReference"),
            *("Encounter", "EpisodeOfCare", "FamilyMemberHistory", "Flag", "Immunization"),
            *("ImmunizationEvaluation", "ImmunizationRecommendation", "Invoice", "List"),
            *("MeasureReport", "Observation", "Procedure", "ResearchSubject", "RiskAssessment"),
            *("SupplyRequest",),
        ),
        "date",
    ),
    **dict.fromkeys(
        (
            *("Claim", "ClaimResponse", "CoverageEligibilityRequest"),
            *("CoverageEligibilityResponse", "DocumentManifest", "ExplanationOfBenefit", "Media"),
        ),
        "created",
    ),
    "Account": "period",
    "ChargeItem": "occurrence",
    "Communication": "sent",
    "CommunicationRequest": "authored",
    "Condition": "recorded-date",
    "DetectedIssue": "identified",
    "DeviceRequest": "authored-on",
    "Goal": "start-date",
    "ImagingStudy": "started",
    "MedicationAdministration": "effective-time",
    "MedicationDispense": "whenhandedover",
    "MedicationRequest": "authoredon",
    "MedicationStatement": "effective",
    "NutritionOrder": "datetime",
    "QuestionnaireResponse": "authored",
    "RequestGroup": "authored",
    "ServiceRequest": "authored",
    "Specimen": "collected",
    "VisionPrescription": "datewritten",
}
"""The search parameter that says when care was given, by type; of the others no date of care is known."""


class Record:
    """The record of one owner.

    Parameters
    ----------
    call : Call
        Its ``start`` and ``end`` bound the care that is wanted.
    owner : StoredVersion
        The patient or the encounter.
    """

    def __init__(self, call: Call, owner: StoredVersion) -> None:
        self._call = call
        self._owner = owner
        self._found: dict[tuple[str, str], StoredVersion] = {}
        self._people = self._related()

    def resources(self) -> Iterator[tuple[int, StoredVersion]]:
        """Everything of the record, each once, with why it is there."""
        yield from self._kept(OWNER, [self._owner])
        for kind in self._member_kinds():
            yield from self._kept(MEMBER, self._members(kind))
        if self._owner.type == "Encounter":
            yield from self._kept(MEMBER, self._associated())
        yield from self._support()

    def _member_kinds(self) -> list[str]:
        members = compartments()[self._owner.type]
        return [kind for kind in self._call.store.kinds() if kind in members]

    def _kept(
        self, why: int, versions: Iterable[StoredVersion]
    ) -> Iterator[tuple[int, StoredVersion]]:
        for version in versions:
            if (version.type, version.id) not in self._found:
                self._found[version.type, version.id] = version
                if len(self._found) > LARGEST:
                    raise OperationOutcomeError("too-costly", "the record is too large")
                yield why, version

    def _members(self, kind: str) -> Iterator[StoredVersion]:
        limits = self._limits(kind)
        if not limits:
            yield from self._search(kind, [])
            return
        yield from self._search(kind, limits)
        # Care whose date is not known may have been in the range.
        yield from self._search(kind, [(f"{limits[0][0]}:missing", "true")])

    def _limits(self, kind: str) -> list[Pair]:
        """``start`` and ``end`` as a search by the date of care of a type, where it has one.

        The first and the last moment are compared, not the days: care that only partly falls into the range,
        or may do so as its date is vague, is wanted.
        """
        code, start, end = CARE_DATES.get(kind), self._call.one("start"), self._call.one("end")
        found = []
        if code and start:
            found.append((code, f"ge{_moment(date_range(start)[0])}"))
        if code and end:
            found.append((code, f"le{_moment(date_range(end)[1] - 1)}"))
        return found

    def _search(self, kind: str, pairs: list[Pair]) -> Iterator[StoredVersion]:
        owner = self._owner
        member = Member(owner.type, owner.id, compartments()[owner.type])
        yield from found(self._call, kind, pairs, member)

    def _associated(self) -> Iterator[StoredVersion]:
        """What names the encounter by the extension for that, as not every type has an element for it."""
        address = f"{self._owner.type}/{self._owner.id}"
        searchable = self._call.store.registry.searchable
        for kind in self._call.store.kinds():
            if ASSOCIATED_ENCOUNTER in searchable(kind):
                for version in found(self._call, kind, [(ASSOCIATED_ENCOUNTER, address)]):
                    if self._may_show(version):
                        yield version

    def _support(self) -> Iterator[tuple[int, StoredVersion]]:
        """What the record refers to, then what says where its resources come from."""
        yield from self._referred(list(self._found.values()))
        before = list(self._found.values())
        yield from self._kept(SUPPORT, self._provenance(before))
        yield from self._referred(list(self._found.values())[len(before) :])

    def _referred(self, waiting: list[StoredVersion]) -> Iterator[tuple[int, StoredVersion]]:
        while waiting:
            for target in targets(waiting.pop().json(), self._call.base):
                if target in self._found:
                    continue
                version = self._call.store.current(*target)
                if version is not None and not version.deleted and self._may_show(version):
                    waiting.append(version)
                    yield from self._kept(SUPPORT, [version])

    def _provenance(self, versions: list[StoredVersion]) -> Iterator[StoredVersion]:
        for start in range(0, len(versions), 100):
            listed = [f"{v.type}/{v.id}" for v in versions[start : start + 100]]
            for version in found(self._call, "Provenance", [("target", ",".join(listed))]):
                if self._may_show(version):
                    yield version

    def _related(self) -> set[str]:
        """Patients that the record is about: the owner, those it is linked with, or its subject."""
        people = {self._owner.id} if self._owner.type == "Patient" else set()
        for kind, key in targets(self._owner.json(), self._call.base):
            if kind == "Patient":
                people.add(key)
        return people

    def _may_show(self, version: StoredVersion) -> bool:
        """Whether a resource speaks of no other patient."""
        if version.type == "Patient":
            return version.id in self._people
        named = targets(version.json(), self._call.base)
        return all(kind != "Patient" or key in self._people for kind, key in named)


def found(
    call: Call, kind: str, pairs: list[Pair], member: Member | None = None
) -> Iterator[StoredVersion]:
    """Every match of a search, page by page."""
    request = understand(
        (kind,), [("_count", "1000"), *pairs], call.store.registry.searchable, member
    )
    after = None
    while True:
        page = call.store.run(request, after=after, base=call.base)
        yield from page.matches
        after = page.after
        if after is None:
            return


def _moment(milliseconds: int) -> str:
    return instant(datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds))


def targets(resource: Any, base: str) -> Iterator[tuple[str, str]]:
    """Type and id of every reference to this server, and of the binaries of attachments."""
    for text in references(resource):
        target = literal(text, base)
        if target is not None:
            yield target
    for text in _texts(resource, "url"):
        target = literal(text, base)
        if target is not None and target[0] == "Binary":
            yield target


def references(value: Any) -> Iterator[str]:
    """Every literal reference in a resource."""
    yield from _texts(value, "reference")


def _texts(value: Any, name: str) -> Iterator[str]:
    """Every text that stands in an element of a name."""
    if isinstance(value, dict):
        text = value.get(name)
        if isinstance(text, str):
            yield text
        for inner in value.values():
            if isinstance(inner, dict | list):
                yield from _texts(inner, name)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner, name)
