"""A Claim with what it refers to, as the writers of a transaction read it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from adapters.x12.elements import Elements
from adapters.x12.parties import Json, Party, Resolve, party, practitioner
from terminology.x12 import ENCOUNTER_PLACES, INPATIENT_PLACES

SUPPORTING_INFO = "Claim.supportingInfo"


@dataclass(frozen=True, slots=True)
class Insurance:
    """One entry of ``Claim.insurance`` with its Coverage."""

    at: str
    entry: Json
    coverage: Json

    @property
    def coverage_at(self) -> str:
        """FHIRPath of the Coverage."""
        return f"{self.at}.coverage.resolve()"


@dataclass(frozen=True, slots=True)
class Source:
    """What every writer needs.

    Parameters
    ----------
    claim : Json
    resolve : Resolve
        Finds what a Reference of the Claim, or of what it leads to, means.
    elements : Elements
        Makes elements and collects faults.
    place : str
        Place of service of lines for which nobody has said one; empty for none.
    """

    claim: Json
    resolve: Resolve
    elements: Elements
    place: str = ""

    def party(self, reference: Json | None, at: str, what: str) -> Party | None:
        """The party of a Reference, as an organization where it is a role in one."""
        return party(reference, at, what, self.found, self.elements)

    def practitioner(self, reference: Json | None, at: str, what: str) -> Party | None:
        """The party of a Reference, as a person where it is a role of one."""
        return practitioner(reference, at, what, self.found, self.elements)

    def found(self, reference: Json) -> Json | None:
        """The resource of a Reference: one that the Claim contains, or one that is resolved."""
        target = str(reference.get("reference", ""))
        if target.startswith("#"):
            contained = self.claim.get("contained", ())
            return next((one for one in contained if one.get("id") == target[1:]), None)
        return self.resolve(reference) if target else None

    def insurances(self) -> list[Insurance]:
        """The coverages in the order in which they pay."""
        entries = sorted(
            enumerate(self.claim.get("insurance", ())), key=lambda one: one[1].get("sequence", 0)
        )
        found = []
        for at, entry in entries:
            place = f"Claim.insurance[{at}]"
            coverage = self.found(entry.get("coverage", {}))
            if coverage is None:
                self.elements.missing(f"{place}.coverage.resolve()", "the coverage")
            else:
                found.append(Insurance(place, entry, coverage))
        return found

    def team(self, roles: frozenset[str], sequences: Sequence[int] | None = None) -> Party | None:
        """The first member of the care team in one of these roles, among some sequences where given."""
        for at, member in enumerate(self.claim.get("careTeam", ())):
            if sequences is not None and member.get("sequence") not in sequences:
                continue
            if roles & {code for _, code in codings(member.get("role"))}:
                place = f"Claim.careTeam[{at}].provider"
                return self.practitioner(member.get("provider"), place, "a member of the care team")
        return None

    def encounter(self) -> tuple[str, Json]:
        """The encounter of the first line that names one, with its place; empty where none does."""
        for at, item in enumerate(self.claim.get("item", ())):
            for reference in item.get("encounter", ()):
                found = self.found(reference)
                if found is not None:
                    return f"Claim.item[{at}].encounter.resolve()", found
        return "", {}

    def stay(self) -> tuple[str, Json]:
        """Period of the stay of an inpatient, with its place: as the Claim says, else the encounter."""
        for at, entry in self.information("admissionperiod", "hospitalized"):
            return f"{at}.timing", entry.get("timingPeriod", {})
        at, encounter = self.encounter()
        if ENCOUNTER_PLACES.get(encounter.get("class", {}).get("code")) in INPATIENT_PLACES:
            return f"{at}.period", encounter.get("period", {})
        return f"{SUPPORTING_INFO}.timing", {}

    def information(self, *categories: str) -> Iterator[tuple[str, Json]]:
        """Supporting information of some categories, with its place."""
        for at, entry in enumerate(self.claim.get("supportingInfo", ())):
            if {code for _, code in codings(entry.get("category"))} & set(categories):
                yield f"{SUPPORTING_INFO}[{at}]", entry


def codings(concept: Mapping[str, Any] | None) -> list[tuple[str, str]]:
    """System and code of every coding of a CodeableConcept."""
    given: Sequence[Json] = (concept or {}).get("coding", ())
    return [(str(c.get("system", "")), str(c["code"])) for c in given if c.get("code")]


def code_of(concept: Mapping[str, Any] | None, *systems: str) -> str:
    """The first code of one of some systems, empty where there is none."""
    return next((code for system, code in codings(concept) if system in systems), "")
