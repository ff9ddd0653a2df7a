"""The payers that a site knows: a JSON file, read once and checked.

A list of objects with the members of ``Payer``::

    [{"name": "acme", "address": "https://payer.example/fhir", "mode": "pas",
      "organization": ["urn:oid:2.16.840.1.113883.6.300|12345", "Organization/acme"],
      "ca_file": "/etc/isthmus/acme.pem", "timeout_s": 30, "settle_s": 60,
      "token": {"url": "https://payer.example/token", "client_id": "isthmus",
                "key_file": "/etc/isthmus/acme-key.pem", "key_id": "1", "algorithm": "ES384"}}]

Only these addresses, and Endpoints below the
setting ``payer_servers``, are ever asked: what somebody has posted does not steer the gateway.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from profiles.outcome import OperationOutcomeError

PAS: Final = "pas"
CREATE: Final = "create"
MODES: Final = (PAS, CREATE)
ALGORITHMS: Final = ("RS384", "ES384")
"""Signatures that SMART backend services have to support (SMART App Launch 2.2)."""

LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})
_NEEDED: Final = {"name", "address"}
_KNOWN: Final = _NEEDED | {
    *(
        "organization",
        "mode",
        "ca_file",
        "timeout_s",
        "settle_s",
        "honours_key",
        "documents",
        "token",
    )
}
_TOKEN_NEEDED: Final = {"url", "client_id", "key_file"}
_TOKEN_KNOWN: Final = _TOKEN_NEEDED | {"key_id", "algorithm", "scope"}


@dataclass(frozen=True, slots=True)
class TokenAccess:
    """How access tokens of a payer are asked for (SMART backend services)."""

    url: str
    client_id: str
    key_file: str
    key_id: str = ""
    algorithm: str = "RS384"
    scope: str = "system/*.*"


@dataclass(frozen=True, slots=True)
class Payer:
    """One payer.

    Parameters
    ----------
    name : str
        For people, logs and the key of its circuit breaker.
    address : str
        Base of its FHIR endpoint.
    organization : tuple of str
        By which the insurer of a Claim is recognised: ``system|value`` or ``Organization/id``.
    mode : str
        ``pas`` posts a Bundle to ``Claim/$submit``, ``create`` posts the Claim alone.
    ca_file : str
        Certificates that are trusted instead of the system's; empty: the system's.
    timeout_s : float
        For a whole exchange.
    settle_s : float
        How long after an attempt has begun the payer may still be busy with it: only then is its "not
        known" believed. More than ``timeout_s``.
    honours_key : bool
        Whether the payer promises that a second request of one ``Idempotency-Key`` does nothing.
    documents : bool
        Whether it gets attached documents with a Claim for payment; with a prior authorization it does.
    token : TokenAccess, optional
        None where no token is needed.
    """

    name: str
    address: str
    organization: tuple[str, ...] = ()
    mode: str = PAS
    ca_file: str = ""
    timeout_s: float = 30.0
    settle_s: float = 60.0
    honours_key: bool = False
    documents: bool = False
    token: TokenAccess | None = None


def load_payers(file: str) -> tuple[Payer, ...]:
    """The payers of a file; none where no file is named.

    Raises
    ------
    OperationOutcomeError
        ``value`` with the place, for a file that cannot be read or says what is not understood.
    """
    if not file:
        return ()
    try:
        listed = json.loads(Path(file).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise _wrong(f"the file of payers cannot be read: {type(error).__name__}") from None
    if not isinstance(listed, list):
        raise _wrong("the file of payers is a JSON list")
    payers = tuple(_payer(one, f"[{at}]") for at, one in enumerate(listed))
    if len({payer.name for payer in payers}) < len(payers):
        raise _wrong("two payers have one name")
    return payers


def require_safe(address: str, place: str = "address") -> str:
    """An address that claims may be sent to: https, or this machine (``value`` otherwise)."""
    asked = urlsplit(address)
    secure = asked.scheme == "https" and asked.hostname is not None
    local = asked.scheme == "http" and asked.hostname in LOOPBACK
    if not (secure or local) or asked.username or asked.query or asked.fragment:
        raise _wrong(f"{place} is no https address")
    return address.rstrip("/")


def _payer(given: Any, place: str) -> Payer:
    values = _checked(given, _NEEDED, _KNOWN, place)
    values["address"] = require_safe(str(values["address"]), f"{place}.address")
    names = values.get("organization", ())
    values["organization"] = (names,) if isinstance(names, str) else tuple(map(str, names))
    for name in ("timeout_s", "settle_s"):
        if name in values:
            values[name] = _seconds(values[name], f"{place}.{name}")
    for name in ("honours_key", "documents"):
        if not isinstance(values.get(name, False), bool):
            raise _wrong(f"{place}.{name} is true or false")
    if values.get("mode", PAS) not in MODES:
        raise _wrong(f"{place}.mode is {' or '.join(MODES)}")
    if "token" in values:
        values["token"] = _token(values["token"], f"{place}.token")
    return Payer(**values)


def _token(given: Any, place: str) -> TokenAccess:
    values = _checked(given, _TOKEN_NEEDED, _TOKEN_KNOWN, place)
    values["url"] = require_safe(str(values["url"]), f"{place}.url")
    if values.get("algorithm", ALGORITHMS[0]) not in ALGORITHMS:
        raise _wrong(f"{place}.algorithm is {' or '.join(ALGORITHMS)}")
    return TokenAccess(**values)


def _checked(given: Any, needed: set[str], known: set[str], place: str) -> dict[str, Any]:
    if not isinstance(given, Mapping):
        raise _wrong(f"{place} is no object")
    missing, strange = sorted(needed - given.keys()), sorted(given.keys() - known)
    if missing or strange:
        text = f"lacks {missing[0]}" if missing else f"has an unknown member: {strange[0]}"
        raise _wrong(f"{place} {text}")
    return dict(given)


def _seconds(value: Any, place: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise _wrong(f"{place} is a number of seconds")
    return float(value)


def _wrong(text: str) -> OperationOutcomeError:
    return OperationOutcomeError("value", text, "payers")
