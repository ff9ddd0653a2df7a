"""A Claim as the rules read it: plain values with their places, whatever a valid Claim leaves out.

A valid Claim may lack any primitive that an extension explains (R4 extensibility.html), hold references
without an address and codes without a system; nothing here assumes more than ``profiles.admission`` checked.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import cached_property
from typing import Any, Final

from profiles.scrub.dates import first_day, last_day
from profiles.search.values import literal
from terminology.claims import ABSENT
from terminology.systems import CPT, HCPCS, ICD_10_CM

_PROCEDURES: Final = {
    CPT: CPT,
    "urn:oid:2.16.840.1.113883.6.12": CPT,
    HCPCS: HCPCS,
    HCPCS.replace("http:", "https:"): HCPCS,
    "urn:oid:2.16.840.1.113883.6.285": HCPCS,
    "urn:oid:2.16.840.1.113883.6.14": HCPCS,
    "http://terminology.hl7.org/CodeSystem/HCPCS": HCPCS,
}
"""Addresses under which CPT and HCPCS numbers come, and the one under which they are looked up."""
_REASONS: Final = frozenset({"admitting", "patientreasonforvisit"})
_INPATIENT_BILLS: Final = ("11", "18", "21", "41")
"""Type of bill, first two digits: inpatient hospital (A), swing bed, skilled nursing (A), religious (A)."""
_DIAGNOSES: Final = frozenset({ICD_10_CM, "urn:oid:2.16.840.1.113883.6.90"})


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """One diagnosis: ``code`` is its ICD-10-CM code in capitals with the dot, empty without one."""

    at: str
    sequence: int | None
    code: str
    kinds: frozenset[str]
    coded_otherwise: bool

    @property
    def beside(self) -> bool:
        """Whether it says why the patient came, and is no diagnosis of the stay (UB-04 FL 69 and 70)."""
        return bool(self.kinds & _REASONS)


@dataclass(frozen=True, slots=True)
class Line:
    """One item; ``code`` is its CPT or HCPCS number, empty without one; days are ISO dates or empty."""

    at: str
    sequence: int | None
    system: str
    code: str
    has_code: bool
    modifiers: tuple[str, ...]
    units: Decimal | None
    price: Decimal | None
    factor: Decimal | None
    net: Decimal | None
    currencies: frozenset[str]
    begins: str
    ends: str
    dated: bool
    pointers: tuple[int, ...]
    revenue: str
    has_detail: bool

    def day(self) -> str:
        """Day of service of a line that took one day; empty for one that took several."""
        return self.begins if self.begins == self.ends else ""


class ClaimView:
    """What the rules ask of a Claim.

    Parameters
    ----------
    claim : mapping
        A Claim as JSON.
    resources : mapping of str to mapping
        Resources that it refers to, by reference (``Condition/1``).
    """

    def __init__(
        self, claim: Mapping[str, Any], resources: Mapping[str, Mapping[str, Any]]
    ) -> None:
        self.claim = claim
        self._resources = resources

    @cached_property
    def type(self) -> str:
        """``professional``, ``institutional``, ``oral``, ``pharmacy``, ``vision``, or empty."""
        return next((code for _, code in codings(self.claim.get("type"))), "")

    @cached_property
    def inpatient(self) -> bool:
        """Whether an institution bills a stay: by sub-type, or by the type of bill."""
        if any(code == "inpatient" for _, code in codings(self.claim.get("subType"))):
            return True
        for one in self.claim.get("supportingInfo", ()):
            if any(code == "typeofbill" for _, code in codings(one.get("category"))):
                bills = (code.lstrip("0") for _, code in codings(one.get("code")))
                return any(bill.startswith(_INPATIENT_BILLS) for bill in bills)
        return False

    @cached_property
    def is_claim(self) -> bool:
        """Whether payment is asked for what was done; not an authorization or an estimate."""
        return self.claim.get("use") == "claim"

    @cached_property
    def period(self) -> tuple[str, str]:
        """First and last day of the billable period; empty where it does not say."""
        given = self.claim.get("billablePeriod", {})
        return first_day(given.get("start")), last_day(given.get("end"))

    @cached_property
    def service_date(self) -> str:
        """Day by which diagnosis codes are chosen: of discharge in an institution, else the first day."""
        begins, ends = self.period
        if self.type == "institutional" and ends:
            return ends
        days = [line.begins for line in self.lines if line.dated and line.begins]
        return begins or (min(days) if days else "") or first_day(self.claim.get("created"))

    @cached_property
    def diagnoses(self) -> tuple[Diagnosis, ...]:
        """The diagnoses in their order."""
        return tuple(
            self._diagnosis(entry, f"Claim.diagnosis[{at}]")
            for at, entry in enumerate(self.claim.get("diagnosis", ()))
        )

    @cached_property
    def lines(self) -> tuple[Line, ...]:
        """The items; their details are parts of them and are not billed again."""
        return tuple(
            self._line(entry, f"Claim.item[{at}]")
            for at, entry in enumerate(self.claim.get("item", ()))
        )

    @cached_property
    def first_listed(self) -> Diagnosis | None:
        """The principal diagnosis, else that of the lowest sequence."""
        own = [one for one in self.diagnoses if not one.beside]
        principal = [one for one in own if "principal" in one.kinds]
        numbered = [one for one in own if one.sequence is not None]
        ordered = sorted(numbered, key=lambda one: one.sequence or 0)
        return next(iter([*principal, *ordered, *own]), None)

    @cached_property
    def in_order(self) -> tuple[Diagnosis, ...]:
        """The diagnoses with an ICD-10-CM code, the first-listed one first."""
        first = self.first_listed
        rest = [one for one in self.diagnoses if one.code and not one.beside and one is not first]
        rest.sort(key=lambda one: one.sequence if one.sequence is not None else 1 << 31)
        return (*((first,) if first is not None and first.code else ()), *rest)

    def resolved(self, reference: Any) -> Mapping[str, Any] | None:
        """The resource of a Reference: contained, or one that the context knows."""
        target = address(reference)
        if target.startswith("#"):
            contained = self.claim.get("contained", ())
            return next((one for one in contained if one.get("id") == target[1:]), None)
        return self._resources.get(target)

    def _diagnosis(self, entry: Mapping[str, Any], at: str) -> Diagnosis:
        concept = entry.get("diagnosisCodeableConcept")
        if concept is None:
            condition = self.resolved(entry.get("diagnosisReference"))
            concept = {} if condition is None else condition.get("code", {})
        coded = list(codings(concept))
        code = next((code for system, code in coded if system in _DIAGNOSES), "")
        kinds = frozenset(code for kind in entry.get("type", ()) for _, code in codings(kind))
        return Diagnosis(at, entry.get("sequence"), dotted(code), kinds, bool(coded) and not code)

    def _line(self, entry: Mapping[str, Any], at: str) -> Line:
        system, code, has_code = _procedure(entry.get("productOrService"))
        begins, ends, dated = self._serviced(entry)
        money = [entry.get(name, {}) for name in ("net", "unitPrice")]
        return Line(
            at,
            entry.get("sequence"),
            system,
            code,
            has_code,
            tuple(_modifiers(entry)),
            number(entry.get("quantity", {}).get("value")),
            number(entry.get("unitPrice", {}).get("value")),
            number(entry.get("factor")),
            number(entry.get("net", {}).get("value")),
            frozenset(one["currency"] for one in money if one.get("currency")),
            begins,
            ends,
            dated,
            tuple(one for one in entry.get("diagnosisSequence", ()) if one is not None),
            next((code for _, code in codings(entry.get("revenue"))), ""),
            bool(entry.get("detail")),
        )

    def _serviced(self, entry: Mapping[str, Any]) -> tuple[str, str, bool]:
        """First and last day of a line, and whether it says so itself."""
        if entry.get("servicedDate"):
            return first_day(entry["servicedDate"]), last_day(entry["servicedDate"]), True
        period = entry.get("servicedPeriod", {})
        begins, ends = first_day(period.get("start")), last_day(period.get("end"))
        if begins or ends:
            return begins or ends, ends or begins, True
        begins, ends = self.period
        return begins or ends, ends or begins, False


def codings(concept: Any) -> Iterator[tuple[str, str]]:
    """System and code of every coding of a CodeableConcept that has a code."""
    for one in (concept or {}).get("coding", ()):
        if one.get("code"):
            yield one.get("system") or "", one["code"]


def address(reference: Any) -> str:
    """``reference`` of a Reference, without a version; empty where it has none."""
    text: str = (reference or {}).get("reference") or ""
    return text.partition("/_history/")[0]


def stored_address(reference: Any) -> str:
    """``Type/id`` of a Reference to this server; empty for any other, such as one to a contained resource."""
    found = literal(address(reference))
    return "" if found is None else "/".join(found)


def stated(reference: Any) -> bool:
    """Whether a Reference says who is meant, by address, identifier or name; not that nobody is known."""
    given = reference or {}
    if any(one.get("url") == ABSENT for one in given.get("extension", ())):
        return False
    return bool(given.get("reference") or given.get("identifier") or given.get("display"))


def number(value: Any) -> Decimal | None:
    """A decimal exactly as it was written."""
    if value is None:
        return None
    try:
        return Decimal(repr(value))
    except InvalidOperation:
        return None


def dotted(code: str) -> str:
    """An ICD-10-CM code in capitals, with its dot after the third character."""
    bare = code.strip().upper().replace(".", "")
    return bare if len(bare) < 4 else f"{bare[:3]}.{bare[3:]}"


def _procedure(concept: Any) -> tuple[str, str, bool]:
    """System and number of a service, and whether it has any code."""
    coded = list(codings(concept))
    for system, code in coded:
        if system in _PROCEDURES:
            return _PROCEDURES[system], code.strip().upper(), True
    return "", "", bool(coded)


def _modifiers(entry: Mapping[str, Any]) -> Iterator[str]:
    for modifier in entry.get("modifier", ()):
        code = next((code for _, code in codings(modifier)), "")
        yield code.strip().upper()
