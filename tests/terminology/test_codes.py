"""Codes are typed once, and fit where they are written."""

from terminology import imaging, refusals, systems
from terminology.coding import Code

CODES = [value for value in vars(imaging).values() if isinstance(value, Code)]


def test_codes_are_unique_within_their_system():
    """No code stands under two names with two meanings."""
    seen: dict[tuple[str, str], str] = {}
    for code in CODES:
        assert seen.setdefault((code.system, code.code), code.display) == code.display


def test_meanings_fit_into_dicom():
    """Code Meaning has at most 64 characters (PS3.3 8.3)."""
    assert [code.display for code in CODES if not 0 < len(code.display) <= 64] == []


def test_systems_are_absolute_uris():
    """Every system is a URL or a URN."""
    values = [v for k, v in vars(systems).items() if k.isupper() and isinstance(v, str)]
    assert [v for v in values if not v.startswith(("http://", "https://", "urn:"))] == []


def test_every_refusal_has_a_sentence_for_people():
    """The closed list of refusals: code, system and text."""
    for code, entry in refusals.REFUSALS.items():
        assert (systems.REFUSAL, code) == (entry.system, entry.code)
        assert refusals.refusal_text(code).endswith(".")
