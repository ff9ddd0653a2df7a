"""Who may send: called and calling AE titles and peer addresses, three separate lists."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Peers:
    """Allow lists; an empty one allows everybody.

    Parameters
    ----------
    called_ae_titles, calling_ae_titles : frozenset of str
        Accepted titles; others are rejected with (1, 1, 7) and (1, 1, 3) (PS3.8 table 9-21).
    addresses : frozenset of str
        IP addresses that may connect.
    """

    called_ae_titles: frozenset[str] = frozenset()
    calling_ae_titles: frozenset[str] = frozenset()
    addresses: frozenset[str] = frozenset()

    def refused(self, address: str, calling: str, called: str) -> tuple[int, int, int] | None:
        """Result, source and reason of the rejection, or ``None`` when the peer is welcome."""
        if self.addresses and address not in self.addresses:
            return (1, 1, 1)
        if self.calling_ae_titles and calling not in self.calling_ae_titles:
            return (1, 1, 3)
        if self.called_ae_titles and called not in self.called_ae_titles:
            return (1, 1, 7)
        return None
