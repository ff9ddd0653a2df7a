"""Medically unlikely edits: units per line (MAI 1) and per day (MAI 2 by policy, 3 clinical)."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from profiles.scrub.claim_view import ClaimView, Line
from profiles.scrub.context import EditTables, ScrubContext
from profiles.scrub.finding import Finding, found
from profiles.scrub.pair_edits import by_day, service_of
from terminology.mue import UnitEdit


def findings(view: ClaimView, tables: EditTables, context: ScrubContext) -> Iterator[Finding]:
    """Lines and days with more units than the edit of their code allows."""
    service = service_of(view, context)
    # A supply that practitioners have no edit for has that of suppliers (DME).
    names = (service, "dme") if service == "practitioner" else (service,)
    kinds = [tables.units[name] for name in names if name in tables.units]
    for day, lines in by_day(view).items():
        releases = [release for kind in kinds if (release := kind.on(day)) is not None]
        for code, same in lines.items():
            held = ((release.edit(code), release.version) for release in releases)
            edit, version = next(((one, of) for one, of in held if one is not None), (None, ""))
            if edit is not None:
                yield from _exceeded(same, edit, f"MUE {version}: {edit.rationale}")


def _exceeded(lines: list[Line], edit: UnitEdit, source: str) -> Iterator[Finding]:
    daily = [_daily(line) for line in lines]
    if edit.indicator == 1:
        for line, units in zip(lines, daily, strict=True):
            if units > edit.most:
                text = f"at most {edit.most} units on a line (MAI 1)"
                yield found("mue-line", text, f"{line.at}.quantity", source=source)
    elif sum(daily) > edit.most:
        rule = "mue-day" if edit.indicator == 2 else "mue-day-clinical"
        yield found(
            rule,
            f"at most {edit.most} units on a day, over all lines (MAI {edit.indicator})",
            f"{lines[0].at}.quantity",
            also=[f"{line.at}.quantity" for line in lines[1:]],
            source=source,
        )


def _daily(line: Line) -> Decimal:
    """Units of a line on each of its days; a line without a quantity is one unit."""
    units = line.units if line.units is not None and line.units > 0 else Decimal(1)
    try:
        days = (date.fromisoformat(line.ends) - date.fromisoformat(line.begins)).days + 1
    except ValueError:
        days = 1
    return units / max(days, 1)
