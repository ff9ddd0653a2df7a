"""Which payer a Claim goes to, and whether it may be asked at this moment.

The site's own file of payers comes first; then an Endpoint of the insurer (R4 organization-definitions.html
#endpoint, connection type ``hl7-fhir-rest``), where the setting ``payer_servers`` allows its address.
"""

import json
import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final
from urllib.parse import urlsplit

from adapters.payer.breaker import Breaker
from adapters.payer.client import PayerClient
from adapters.payer.payers import Payer, require_safe
from adapters.store import Store, Transaction
from profiles.builders.claim_bundle import Read
from profiles.outcome import OperationOutcomeError
from profiles.search.values import literal
from terminology.systems import ENDPOINT_CONNECTION

log = logging.getLogger("isthmus.payer")

FHIR_REST: Final = "hl7-fhir-rest"
CIRCUIT: Final = "circuit:"
"""Notes of the store by which the doctor, another process, sees the state of each breaker."""


@dataclass(frozen=True, slots=True)
class Connection:
    """One payer, its client and its circuit breaker."""

    payer: Payer
    client: PayerClient
    breaker: Breaker


class Payers:
    """The payers of this gateway.

    Parameters
    ----------
    store : Store
        Where Organizations and Endpoints stand, and where the state of the breakers is noted.
    payers : sequence of Payer
        Of the site's file.
    servers : sequence of str
        URL prefixes below which an Endpoint may be asked.
    clock : callable
        Seconds that only grow, for the breakers.
    """

    def __init__(
        self,
        store: Store,
        payers: Sequence[Payer],
        servers: Sequence[str],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._clock = clock
        self._payers = tuple(payers)
        self._servers = tuple(servers)
        self._lock = threading.Lock()
        self._open: dict[Payer, Connection] = {}
        for payer in self._payers:
            # The breakers of this process begin closed, whatever another has left behind.
            if store.note(f"{CIRCUIT}{payer.name}") is not None:
                store.transact(
                    partial(Transaction.set_note, name=f"{CIRCUIT}{payer.name}", value=None)
                )

    def of_claim(self, claim: Mapping[str, Any], read: Read | None = None) -> Connection:
        """The payer of a Claim.

        Parameters
        ----------
        claim : mapping
            Its insurer decides.
        read : callable, optional
            Where its insurer stands; the store unless said.

        Raises
        ------
        OperationOutcomeError
            ``business-rule`` when there is none, ``forbidden`` when its address is not allowed.
        """
        payer = self.find(claim, read or self.read)
        if payer is None:
            raise OperationOutcomeError(
                "business-rule",
                "no payer is known for the insurer of this Claim: name it in the file of the setting payers",
                "Claim.insurer",
            )
        return self.connection(payer)

    def find(self, claim: Mapping[str, Any], read: Read) -> Payer | None:
        """The payer of a Claim's insurer; None when it is not known."""
        insurer = claim.get("insurer", {})
        target = literal(str(insurer.get("reference", "")))
        organization = (read(*target) if target else None) or {}
        return self.known(insurer, organization) or self._by_endpoint(organization, read)

    def named_by(self, insurer: Mapping[str, Any], organization: Mapping[str, Any]) -> Payer | None:
        """The payer that a provider's request names; another's addresses mean nothing here."""
        return self.known({"identifier": insurer.get("identifier", {})}, organization)

    def leads_out(self, claim: Mapping[str, Any], read: Read) -> bool:
        """Whether a Claim is meant for another payer, to whom this gateway may send it."""
        try:
            return self.find(claim, read) is not None
        except OperationOutcomeError:
            return False

    def known(self, insurer: Mapping[str, Any], organization: Mapping[str, Any]) -> Payer | None:
        """The payer of the site's file that an insurer is; None when it is none of them."""
        names = {str(insurer.get("reference"))} | {
            f"{one.get('system', '')}|{one.get('value', '')}"
            for one in (*organization.get("identifier", ()), insurer.get("identifier", {}))
            if one.get("value")
        }
        known = (payer for payer in self._payers if names.intersection(payer.organization))
        return next(known, None)

    def read(self, kind: str, resource_id: str) -> dict[str, Any] | None:
        """A resource of the store."""
        stored = self._store.current(kind, resource_id)
        return None if stored is None or stored.deleted else stored.json()

    def _by_endpoint(self, organization: Mapping[str, Any], read: Read) -> Payer | None:
        for reference in organization.get("endpoint", ()):
            target = literal(str(reference.get("reference", "")))
            endpoint = (read(*target) if target else None) or {}
            connection = endpoint.get("connectionType", {})
            fits = (connection.get("system"), connection.get("code"))
            if endpoint.get("status") == "active" and fits == (ENDPOINT_CONNECTION, FHIR_REST):
                address = self._allowed(str(endpoint["address"]))
                return Payer(name=f"Endpoint/{endpoint['id']}", address=address)
        return None

    def _allowed(self, address: str) -> str:
        """An address of the site's list: what is stored must not steer the gateway to other servers."""
        safe = require_safe(address, "the Endpoint's address")
        asked = urlsplit(safe)
        for prefix in map(urlsplit, self._servers):
            same_server = (prefix.scheme, prefix.netloc) == (asked.scheme, asked.netloc)
            below = f"{asked.path}/".startswith(f"{prefix.path.rstrip('/')}/")
            if same_server and below and ".." not in asked.path:
                return safe
        raise OperationOutcomeError(
            "forbidden",
            "the insurer's endpoint is not below an address of the setting payer_servers",
            "Endpoint.address",
        )

    def connection(self, payer: Payer) -> Connection:
        """Client and breaker of a payer, the same for every caller."""
        with self._lock:
            if payer not in self._open:
                breaker = Breaker(lambda state: self._circuit(payer.name, state), clock=self._clock)
                self._open[payer] = Connection(payer, PayerClient(payer), breaker)
            return self._open[payer]

    def _circuit(self, name: str, state: str) -> None:
        log.warning("payer.circuit", extra={"payer": name, "state": state})
        note = json.dumps({"state": state})
        # Called from within an exchange; a breaker does not wait for the disk.
        self._store.transact_soon(
            lambda tx: tx.set_note(f"{CIRCUIT}{name}", note), lambda result, error: None
        )
