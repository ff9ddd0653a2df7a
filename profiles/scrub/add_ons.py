"""Add-on codes stand beside their primary service, on the same day."""

from collections.abc import Iterator

from profiles.scrub.claim_view import ClaimView
from profiles.scrub.context import EditTables, ScrubContext
from profiles.scrub.finding import Finding, found
from profiles.scrub.pair_edits import by_day


def findings(view: ClaimView, tables: EditTables, context: ScrubContext) -> Iterator[Finding]:
    """Add-on codes without any of their primary codes."""
    if tables.add_on is None:
        return
    for day, lines in by_day(view).items():
        release = tables.add_on.on(day)
        for code, same in lines.items() if release is not None else ():
            primaries = release.primaries(code, day) if release is not None else frozenset()
            if primaries and not primaries & lines.keys():
                yield found(
                    "add-on-alone",
                    "the code is paid only beside its primary service on the same day",
                    f"{same[0].at}.productOrService",
                    source=f"add-on codes {release.version}" if release is not None else "",
                )
