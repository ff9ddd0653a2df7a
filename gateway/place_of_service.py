"""Where a visit took place, as CMS codes it for the lines of a professional claim.

CMS, Place of Service Code Set: 02 telehealth, 10 telehealth at the patient's home, 11 office, 12 home,
21 inpatient, 22 outpatient hospital on campus, 23 emergency room. What an Encounter says is its class and the
types of its locations (v3 ActCode, v3 RoleCode).
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from terminology.x12 import ENCOUNTER_PLACES, PLACE_OF_SERVICE

_OFFICE: Final = "11"
_HOME: Final = "12"
_TELEHEALTH: Final = "02"
_TELEHEALTH_AT_HOME: Final = "10"
_ROLE: Final = "http://terminology.hl7.org/CodeSystem/v3-RoleCode"
_LOCATIONS: Final = {
    "PROFF": _OFFICE,
    "PTRES": _HOME,
    "HOSP": "22",
    "ER": "23",
    "SCHOOL": "03",
    "MOBL": "15",
    "SNF": "31",
    "NCCF": "32",
}
"""Of v3 ServiceDeliveryLocationRoleType; a type that could be several places is not among them."""
_NOT_YET: Final = frozenset({"planned", "reserved"})

Resource = Mapping[str, Any]


def place_of_service(
    encounter: Resource, read: Callable[[str], Resource | None], usual: str = ""
) -> str:
    """The place of service of an encounter's lines; empty where nothing tells it.

    Parameters
    ----------
    encounter : resource
        Empty for a note of none.
    read : callable
        Finds a Location by its reference.
    usual : str
        Where the site's ambulatory visits take place; an office where the site has not said.
    """
    stays = [one for one in encounter.get("location", ()) if one.get("status") not in _NOT_YET]
    places = [read(str(one.get("location", {}).get("reference", ""))) or {} for one in stays]
    said = [code for place in places for code in _codes(place, PLACE_OF_SERVICE)]
    if said:
        return said[-1]
    kind = str(encounter.get("class", {}).get("code", ""))
    roles = [code for place in places for code in _codes(place, _ROLE) if code in _LOCATIONS]
    if kind == "VR":
        return _TELEHEALTH_AT_HOME if "PTRES" in roles else _TELEHEALTH
    if kind == "AMB":
        return _LOCATIONS[roles[-1]] if roles else usual or _OFFICE
    return ENCOUNTER_PLACES.get(kind, "")


def _codes(place: Resource, system: str) -> list[str]:
    return [
        str(coding["code"])
        for kind in place.get("type", ())
        for coding in kind.get("coding", ())
        if coding.get("system") == system and coding.get("code")
    ]
