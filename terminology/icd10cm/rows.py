"""The rows of a release: nodes as they are printed, and the valid forms of codes with a 7th character."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from terminology.icd10cm.codes import flat, with_seventh
from terminology.icd10cm.seventh import seventh_characters
from terminology.icd10cm.tabular import CODE, Node


@dataclass(frozen=True, slots=True)
class Row:
    """One row of ``code``."""

    id: int
    node: int
    code: str
    display: str
    kind: str
    parent: int
    last: int
    billable: bool
    seventh: Mapping[str, str]


def rows_of(nodes: Sequence[Node], listed: frozenset[str] | None) -> Iterator[Row]:
    """Rows in printed order; ids run over codes with a 7th character too."""
    taken = seventh_characters(nodes)
    begins: dict[int, int] = {}
    count = 0
    for node in nodes:
        count += 1
        begins[node.id] = count
        count += len(taken.get(node.id, ()))
    begins[len(nodes) + 1] = count + 1
    for node in nodes:
        parent = begins.get(node.parent, 0)
        characters = taken.get(node.id, {})
        last = begins[node.last + 1] - 1
        leaf = node.kind == CODE and last == begins[node.id]
        billable = leaf and _is_listed(node.code, listed)
        made = Row(
            begins[node.id], node.id, node.code, node.display, node.kind, parent, last, billable,
            characters,
        )  # fmt: skip
        yield made
        yield from _expanded(made, listed)


def _expanded(row: Row, listed: frozenset[str] | None) -> Iterator[Row]:
    for place, (character, meaning) in enumerate(row.seventh.items(), row.id + 1):
        code = with_seventh(row.code, character)
        display = f"{row.display}, {meaning}"
        billable = _is_listed(code, listed)
        yield Row(place, 0, code, display, CODE, row.id, place, billable, {})


def _is_listed(code: str, listed: frozenset[str] | None) -> bool:
    return listed is None or flat(code) in listed
