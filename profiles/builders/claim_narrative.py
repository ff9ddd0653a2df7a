"""A draft Claim as text for people, every word escaped (R4 narrative.html)."""

from collections.abc import Iterable
from html import escape
from typing import Any

from profiles.builders.coded_element import sayable
from profiles.coding_records import SUGGESTED, CodeSuggestion, CodingRemark, CodingResult

UNREVIEWED = "Suggested by an AI and reviewed by nobody: a draft that must not be billed."


def claim_narrative(result: CodingResult) -> dict[str, Any]:
    """``Narrative`` of what was suggested and what a person must know."""
    coded = [one for one in result.suggestions if one.status == SUGGESTED]
    parts = [f"<p>{UNREVIEWED}</p>", _codes(coded)]
    if result.remarks:
        parts.append(f"<ul>{''.join(_remark(remark) for remark in result.remarks)}</ul>")
    return narrated("".join(parts))


def narrated(body: str) -> dict[str, Any]:
    """``Narrative`` of markup whose every text is escaped already."""
    return {
        "status": "generated",
        "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{body}</div>',
    }


def cell(text: str) -> str:
    """A text as markup."""
    return escape(sayable(text))


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table of texts."""
    titles = "".join(f"<th>{cell(title)}</th>" for title in head)
    lines = "".join(f"<tr>{''.join(f'<td>{cell(text)}</td>' for text in row)}</tr>" for row in rows)
    return f"<table><thead><tr>{titles}</tr></thead><tbody>{lines}</tbody></table>"


def _codes(coded: list[CodeSuggestion]) -> str:
    if not coded:
        return "<p>No code was suggested.</p>"
    rows = ((one.code, one.display, f"{one.score:.2f}", _quoted(one)) for one in coded)
    return table(("Code", "Meaning", "Score", "Evidence"), rows)


def _quoted(suggestion: CodeSuggestion) -> str:
    return " … ".join(span.text for span in suggestion.evidence)


def _remark(remark: CodingRemark) -> str:
    codes = f" ({', '.join(remark.codes)})" if remark.codes else ""
    return f"<li>{cell(f'{remark.kind}: {remark.text}{codes}')}</li>"
