"""Who takes part in a claim, as X12 names them: NM1, N3, N4, REF, PER, PRV (TR3 005010X222A1 and X223A2)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from adapters.x12.elements import Elements
from adapters.x12.segments import Segment, segment
from terminology.systems import IDENTIFIER_TYPE
from terminology.x12 import EIN, GENDER, NPI, SSN, TAXONOMY

Json = Mapping[str, Any]
Resolve = Callable[[Json], Json | None]
"""The resource of a Reference, None where there is none."""

PERSON, ORGANIZATION = "1", "2"
_HUMANS: Final = frozenset({"Patient", "Practitioner", "RelatedPerson"})
PERSONAL: Final = frozenset({"71", "72", "DN", "DQ"})
"""Roles that a person alone can have: attending, operating, referring, supervising."""
_NAME: Final = 60
_GIVEN: Final = 35


@dataclass(frozen=True, slots=True)
class Party:
    """One person or organization.

    Parameters
    ----------
    at : str
        FHIRPath of it from the Claim.
    what : str
        What it is in the claim, for people.
    resource : Json
    roles : tuple of Json
        PractitionerRoles that led to it: they may have what it lacks.
    """

    at: str
    what: str
    resource: Json
    roles: tuple[Json, ...] = field(default=())

    @property
    def kind(self) -> str:
        """Entity type qualifier (NM102)."""
        return PERSON if self.resource.get("resourceType") in _HUMANS else ORGANIZATION

    def every(self, name: str) -> list[Any]:
        """Entries of a repeating element, of the party first and of its roles after."""
        return [one for source in (self.resource, *self.roles) for one in source.get(name, ())]


def party(
    reference: Json | None, at: str, what: str, resolve: Resolve, elements: Elements
) -> Party | None:
    """The party of a Reference; a role stands for its organization where it has one."""
    if not reference:
        elements.missing(at, what)
        return None
    found = resolve(reference)
    if found is None:
        elements.missing(f"{at}.resolve()", what)
        return None
    if found["resourceType"] != "PractitionerRole":
        return Party(f"{at}.resolve()", what, found)
    return _of_role(found, f"{at}.resolve()", what, resolve, elements, ("organization",))


def practitioner(
    reference: Json | None, at: str, what: str, resolve: Resolve, elements: Elements
) -> Party | None:
    """As ``party``, but a role stands for its practitioner."""
    found = resolve(reference) if reference else None
    if found is None or found["resourceType"] != "PractitionerRole":
        return party(reference, at, what, resolve, elements)
    return _of_role(found, f"{at}.resolve()", what, resolve, elements, ("practitioner",))


def _of_role(
    role: Json, at: str, what: str, resolve: Resolve, elements: Elements, order: Sequence[str]
) -> Party | None:
    for name in (*order, "practitioner", "organization"):
        if role.get(name):
            found = resolve(role[name])
            if found is not None:
                return Party(f"{at}.{name}.resolve()", what, found, (role,))
    elements.missing(f"{at}.{order[0]}", what)
    return None


def npi_of(one: Party) -> str:
    """The NPI of a party, empty where it has none; unchecked."""
    return identifier_of(one.every("identifier"), lambda given: given.get("system") == NPI)


def identifier_of(identifiers: Sequence[Json], wanted: Callable[[Json], bool]) -> str:
    """The value of the first identifier that is wanted and not an old one."""
    for given in identifiers:
        if given.get("use") != "old" and given.get("value") and wanted(given):
            return str(given["value"])
    return ""


def has_type(given: Json, *codes: str) -> bool:
    """Whether an identifier has a type of HL7 table 0203."""
    coding = given.get("type", {}).get("coding", ())
    return any(c.get("system") == IDENTIFIER_TYPE and c.get("code") in codes for c in coding)


def name_segment(
    entity: str,
    one: Party,
    elements: Elements,
    qualifier: str = "",
    id_: str = "",
    *,
    suffix: bool = True,
) -> Segment:
    """NM1 of a party with its id; a submitter has no suffix (1000A)."""
    if one.kind == ORGANIZATION:
        name = elements.words(
            one.resource.get("name"), f"{one.at}.name", f"the name of {one.what}", _NAME
        )
        parts = [name, "", "", "", ""]
    else:
        parts = human_name(one, elements)
        parts[-1] = parts[-1] if suffix else ""
    return segment("NM1", entity, one.kind, *parts, *((qualifier, id_) if id_ else ()))


def human_name(one: Party, elements: Elements) -> list[str]:
    """NM103 to NM107 of a person: the official name, else the first that is not an old one."""
    names = [n for n in one.resource.get("name", ()) if n.get("use") not in ("old", "nickname")]
    name: Json = next((n for n in names if n.get("use") == "official"), next(iter(names), {}))
    given = [one for one in name.get("given", ()) if one]
    at = f"{one.at}.name"
    return [
        elements.words(name.get("family"), f"{at}.family", f"the family name of {one.what}", _NAME),
        elements.words(next(iter(given), ""), f"{at}.given", "a given name", _GIVEN, needed=False),
        elements.words(" ".join(given[1:2]), f"{at}.given", "a given name", 25, needed=False),
        "",
        elements.words(
            next(filter(None, name.get("suffix", ())), ""),
            f"{at}.suffix",
            "a suffix",
            10,
            needed=False,
        ),
    ]


def provider_name(entity: str, one: Party, elements: Elements) -> Segment:
    """NM1 of a provider, who has an NPI, and in some roles is a person."""
    if entity in PERSONAL and one.kind == ORGANIZATION:
        elements.unfit(one.at, f"{one.what} is a person here, not an organization")
    npi = elements.npi(npi_of(one), f"{one.at}.identifier", one.what)
    return name_segment(entity, one, elements, "XX", npi)


def address(one: Party, elements: Elements, *, long_zip: bool = False) -> list[Segment]:
    """N3 and N4 of a party."""
    given = _address_of(one)
    at = f"{one.at}.address"
    if not given:
        elements.missing(at, f"the address of {one.what}")
        return []
    lines = [str(line) for line in given.get("line", ()) if line]
    first = elements.words(lines[0] if lines else "", f"{at}.line", "a street", 55)
    second = elements.words(" ".join(lines[1:]), f"{at}.line", "an address line", 55, needed=False)
    city = elements.words(given.get("city"), f"{at}.city", f"the city of {one.what}", 30, least=2)
    country = str(given.get("country", "")).upper()
    if country in ("", "US", "USA", "UNITED STATES"):
        state = elements.token(
            given.get("state"), f"{at}.state", f"the state of {one.what}", 2, least=2
        )
        code = elements.zip_code(given.get("postalCode"), f"{at}.postalCode", long=long_zip)
        place = segment("N4", city, state, code)
    else:
        code = elements.token(
            given.get("postalCode"), at, "a postal code", 15, least=3, needed=False
        )
        abroad = elements.token(country, f"{at}.country", "a country code", 3, least=2)
        place = segment("N4", city, "", code, abroad)
    return [segment("N3", first, second), place]


def _address_of(one: Party) -> Json:
    given = one.resource.get("address", ())
    known = [given] if isinstance(given, Mapping) else [a for a in given if a.get("use") != "old"]
    return next((a for a in known if a.get("type") != "postal"), next(iter(known), {}))


def tax_number(one: Party, elements: Elements) -> list[Segment]:
    """REF of the employer's number, else of a person's social security number."""
    identifiers = one.every("identifier")
    employer = identifier_of(
        identifiers, lambda given: given.get("system") == EIN or has_type(given, "TAX")
    )
    social = identifier_of(identifiers, lambda g: g.get("system") in SSN or has_type(g, "SS"))
    number = (employer or social).replace("-", "")
    at = f"{one.at}.identifier"
    if not number:
        elements.missing(at, f"the tax number of {one.what}")
        return []
    if len(number) != 9 or not number.isdecimal():
        elements.unfit(at, f"the tax number of {one.what} has nine digits")
    return [segment("REF", "EI" if employer else "SY", number)]


def contact(one: Party, elements: Elements) -> list[Segment]:
    """PER with the telephone or electronic address of a party."""
    listed = [t for c in one.resource.get("contact", ()) for t in c.get("telecom", ())]
    telecom = [t for t in [*listed, *one.every("telecom")] if t.get("use") not in ("old", "home")]
    at = f"{one.at}.telecom"
    for system, qualifier in (("phone", "TE"), ("email", "EM")):
        value = next((t.get("value") for t in telecom if t.get("system") == system), "")
        if value and qualifier == "TE":
            return [segment("PER", "IC", "", "TE", elements.phone(value, at))]
        if value:
            return [segment("PER", "IC", "", "EM", elements.token(value, at, "an address", 256))]
    elements.missing(at, f"a telephone or an electronic address of {one.what}")
    return []


def demographics(one: Party, elements: Elements) -> list[Segment]:
    """DMG: birth date and gender."""
    born = elements.day(
        one.resource.get("birthDate"), f"{one.at}.birthDate", f"the birth date of {one.what}"
    )
    gender = GENDER.get(str(one.resource.get("gender", "")), "U")
    return [segment("DMG", "D8", born, gender)]


def taxonomy_of(one: Party) -> str:
    """Code of the provider taxonomy, empty where none is known."""
    concepts = [
        *one.every("specialty"),
        *(q.get("code", {}) for q in one.resource.get("qualification", ())),
        *one.resource.get("type", ()),
    ]
    codings = [coding for concept in concepts for coding in concept.get("coding", ())]
    known = (c.get("code") for c in codings if c.get("system") in TAXONOMY)
    return next((str(code) for code in known if code), "")
