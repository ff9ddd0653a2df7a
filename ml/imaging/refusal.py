"""The one way in which imaging says that a series is not fit for analysis."""

from collections.abc import Sequence
from typing import Final

from profiles.records import Refusal
from terminology.refusals import refusal_text

MOST_NAMED: Final = 20
"""SOP instances that a refusal names at most: enough to find the fault, not a copy of the series."""


class Refused(Exception):  # noqa: N818 - a refusal is a result, not an error
    """A series is not fit for analysis; carries the coded reason."""

    def __init__(self, code: str, sop_uids: Sequence[str] = ()) -> None:
        super().__init__(code)
        named = tuple(dict.fromkeys(uid for uid in sop_uids if uid))[:MOST_NAMED]
        self.refusal = Refusal(code, refusal_text(code), named)
