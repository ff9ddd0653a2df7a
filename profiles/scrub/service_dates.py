"""When the services were: within the period, after the birth, not in the future."""

from collections.abc import Iterator

from profiles.scrub.claim_view import ClaimView, Line
from profiles.scrub.context import EditTables, ScrubContext
from profiles.scrub.dates import days_after, first_day
from profiles.scrub.finding import Finding, found


def findings(view: ClaimView, tables: EditTables, context: ScrubContext) -> Iterator[Finding]:
    """Dates that cannot be, or do not fit each other."""
    begins, ends = view.period
    if begins and ends and ends < begins:
        yield found("period-reversed", "the period ends before it begins", "Claim.billablePeriod")
    # A day of grace: the patient may be where it is already tomorrow.
    latest = days_after(context.today, 1) if view.is_claim else "9999-12-31"
    patient = view.resolved(view.claim.get("patient")) or {}
    born = first_day(patient.get("birthDate"))
    for line in view.lines:
        yield from _line(line, view, latest, born)


def _line(line: Line, view: ClaimView, latest: str, born: str) -> Iterator[Finding]:
    place = f"{line.at}.serviced"
    if not line.begins:
        if view.is_claim:
            yield found("service-date-missing", "neither line nor claim says the day", place)
        return
    if line.ends < line.begins:
        yield found("period-reversed", "the period ends before it begins", place)
    if line.begins > latest:
        yield found("service-date-future", "the service lies in the future", place)
    if born and line.ends < born:
        yield found("before-birth", "the service was before the patient's birth", place)
    begins, ends = view.period
    if line.dated and ((begins and line.begins < begins) or (ends and line.ends > ends)):
        yield found(
            "service-date-outside",
            "the service was not within the billable period",
            place,
            also=("Claim.billablePeriod",),
        )
