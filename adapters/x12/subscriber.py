"""Loops 2000B, 2010BA, 2010BB, 2000C, 2010CA and 2320: who is insured with whom, and who the patient is."""

from adapters.x12.parties import (
    Json,
    Party,
    address,
    demographics,
    has_type,
    identifier_of,
    name_segment,
)
from adapters.x12.prior_payment import PriorPayment
from adapters.x12.segments import Segment, segment
from adapters.x12.source import Insurance, Source, code_of, codings
from terminology.systems import ACT_CODE
from terminology.x12 import (
    CLAIM_FILING,
    FILING,
    FILING_BY_TYPOLOGY,
    FILING_UNKNOWN,
    ITSELF,
    NAIC,
    NPI,
    PAYER_TYPOLOGY,
    RELATIONSHIP,
    RESPONSIBILITY,
    SELF,
)


class Insured:
    """One coverage of a claim: its subscriber, its payer, and the patient's relation to the first.

    Parameters
    ----------
    source : Source
    insurance : Insurance
    patient : Party
    """

    def __init__(self, source: Source, insurance: Insurance, patient: Party) -> None:
        self._source = source
        self._elements = source.elements
        self._insurance = insurance
        self._coverage = insurance.coverage
        self._at = insurance.coverage_at
        self._patient = patient
        self.focal = bool(insurance.entry.get("focal"))
        relation = codings(self._coverage.get("relationship"))
        self.relation = relation[0][1] if relation else SELF
        self.is_patient = self.relation == SELF
        self.subscriber = patient if self.is_patient else self._other_subscriber()

    def _other_subscriber(self) -> Party | None:
        return self._source.practitioner(
            self._coverage.get("subscriber"), f"{self._at}.subscriber", "the subscriber"
        )

    def information(self, order: int, relation: str) -> Segment:
        """SBR: whose turn it is to pay, the patient's relation where it stands here, group, kind."""
        group: Json = next((c for c in self._coverage.get("class", ()) if _is_group(c)), {})
        at = f"{self._at}.class"
        return segment(
            "SBR",
            RESPONSIBILITY[min(order, len(RESPONSIBILITY) - 1)],
            relation,
            self._elements.token(
                group.get("value"), f"{at}.value", "the group number", 50, needed=False
            ),
            self._elements.words(
                group.get("name"), f"{at}.name", "the group name", 60, needed=False
            ),
            *("", "", "", ""),
            self._filing(),
        )

    def _filing(self) -> str:
        """Claim filing indicator; ZZ, which says that it is not known, where nothing tells."""
        kind = self._coverage.get("type")
        named = code_of(kind, CLAIM_FILING)
        if named:
            return self._elements.token(named, f"{self._at}.type", "the kind of insurance", 2)
        typology = code_of(kind, *PAYER_TYPOLOGY)
        known = FILING.get(code_of(kind, ACT_CODE)) or FILING_BY_TYPOLOGY.get(typology[:1])
        return known or FILING_UNKNOWN

    def level(self, order: int) -> Segment:
        """SBR of loop 2000B: the relation is said only of a subscriber who is the patient."""
        return self.information(order, ITSELF if self.is_patient else "")

    def subscriber_name(self) -> list[Segment]:
        """NM1 of the subscriber, with the address and the demographics of one who is the patient."""
        if self.subscriber is None:
            return []
        number = self._elements.token(
            self._member_number(), f"{self._at}.subscriberId", "the member number", 80, least=2
        )
        named = name_segment("IL", self.subscriber, self._elements, "MI", number)
        if not self.is_patient:
            return [named]
        return [
            named,
            *address(self.subscriber, self._elements),
            *demographics(self.subscriber, self._elements),
        ]

    def _member_number(self) -> str:
        given = self._coverage.get("subscriberId")
        if given:
            return str(given)
        return identifier_of(
            self._coverage.get("identifier", ()), lambda one: has_type(one, "MB", "SN")
        )

    def payer(self, insurer: Party | None = None) -> list[Segment]:
        """NM1 of the payer with its payer id."""
        found = insurer or self.payor()
        if found is None:
            return []
        id_ = self._elements.token(
            payer_id(found), f"{found.at}.identifier", "the id of the payer", 80, least=2
        )
        return [name_segment("PR", found, self._elements, "PI", id_)]

    def payor(self) -> Party | None:
        """Who pays this coverage."""
        payors = self._coverage.get("payor", ())
        return self._source.party(
            payors[0] if payors else None, f"{self._at}.payor[0]", "the payer"
        )

    def patient_segments(self) -> list[Segment]:
        """PAT and NM1 of a patient who is not the subscriber."""
        return [
            segment("PAT", self._relation()),
            name_segment("QC", self._patient, self._elements),
            *address(self._patient, self._elements),
            *demographics(self._patient, self._elements),
        ]

    def _relation(self) -> str:
        """Code of the patient's relation to the subscriber."""
        if self.is_patient:
            return ITSELF
        return RELATIONSHIP.get(self.relation) or self._elements.unfit(
            f"{self._at}.relationship", "this relation to the subscriber cannot be told in X12"
        )

    def prior_payment(self) -> PriorPayment | None:
        """What this payer, who goes before the one that the claim is for, has answered."""
        at = f"{self._insurance.at}.claimResponse"
        reference = self._insurance.entry.get("claimResponse")
        response = self._source.found(reference) if reference else None
        payer = self.payor()
        if response is None:
            self._elements.missing(at, "what the payer that goes before has paid")
        if response is None or payer is None:
            return None
        return PriorPayment(self._source, f"{at}.resolve()", response, payer_id(payer))

    def other(self, order: int, prior: PriorPayment | None = None) -> list[Segment]:
        """Loop 2320: a coverage that has paid before this one, or may pay after it."""
        made = [self.information(order, self._relation())]
        made += prior.paid() if prior else []
        made.append(segment("OI", "", "", "Y", "", "", "Y"))
        if self.subscriber is not None:
            number = self._elements.token(
                self._member_number(), f"{self._at}.subscriberId", "the member number", 80, least=2
            )
            made.append(name_segment("IL", self.subscriber, self._elements, "MI", number))
        return [*made, *self.payer(), *(prior.references() if prior else [])]


def _is_group(entry: object) -> bool:
    kind = entry.get("type") if isinstance(entry, dict) else None
    return any(code == "group" for _, code in codings(kind))


def payer_id(payer: Party) -> str:
    """Id of a payer: its national one, else the first that is no number of a provider or of a tax office."""
    identifiers = payer.every("identifier")
    national = identifier_of(identifiers, lambda g: g.get("system") == NAIC or has_type(g, "NIIP"))
    return national or identifier_of(
        identifiers, lambda given: given.get("system") != NPI and not has_type(given, "TAX", "NPI")
    )
