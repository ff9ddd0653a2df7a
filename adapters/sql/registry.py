"""The search parameters of this store: R4's and ours, and those that its SearchParameter resources add.

R4 searchparameter.html. A parameter that was added is indexed from its first moment on, and can be searched
once everything older is indexed too; until then a search that names it is told so.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import orjson

from profiles.outcome import OperationOutcomeError
from profiles.search.parameters import SearchParameter, custom, parameters_of

GENERATION: Final = "parameters"
"""Note that changes with every change of the parameters."""
SERVED: Final = "served:"
"""Beginning of the notes that name the added parameters that everything is indexed for."""


class Registry:
    """Parameters by type; callable, so that it is the ``lookup`` of indexing and searching.

    Parameters
    ----------
    code_systems : Path
        Compiled code systems, which ``:in``, ``:above`` and ``:below`` ask; need not exist.
    """

    def __init__(self, code_systems: Path) -> None:
        self.code_systems = code_systems
        self.generation = ""
        self._added: dict[str, dict[str, SearchParameter]] = {}
        self._merged: dict[str, Mapping[str, SearchParameter]] = {}
        self._pending: dict[str, set[str]] = {}

    def searchable(self, kind: str) -> Mapping[str, SearchParameter]:
        """The parameters of a type that everything is indexed for."""
        found, pending = self(kind), self._pending.get(kind)
        if not pending:
            return found
        return {code: parameter for code, parameter in found.items() if code not in pending}

    def __call__(self, kind: str) -> Mapping[str, SearchParameter]:
        """The parameters of a type by code."""
        # What another thread's ``refresh`` replaces meanwhile is not written into.
        merged = self._merged
        found = merged.get(kind)
        if found is None:
            base = parameters_of(kind)
            added = self._added.get(kind)
            found = merged[kind] = {**base, **added} if added else base
        return found

    def refresh(self, connection: Any) -> None:
        """Read the added parameters again if another generation is stored."""
        row = connection.execute("SELECT value FROM note WHERE name = ?", (GENERATION,)).fetchone()
        generation = "" if row is None else str(row[0])
        if generation == self.generation:
            return
        added: dict[str, dict[str, SearchParameter]] = {}
        pending: dict[str, set[str]] = {}
        ready = {
            name.removeprefix(SERVED)
            for (name,) in connection.execute(
                "SELECT name FROM note WHERE name LIKE ?", (f"{SERVED}%",)
            )
        }
        rows = connection.execute(
            "SELECT r.id, r.body FROM res r JOIN dict d ON d.id = r.rt "
            "WHERE d.text = 'SearchParameter' AND r.deleted = 0 ORDER BY r.pk"
        )
        for resource_id, body in rows:
            for kind, parameter in _of(orjson.loads(body)).items():
                if parameter.code not in parameters_of(kind):
                    added.setdefault(kind, {})[parameter.code] = parameter
                    if resource_id not in ready:
                        pending.setdefault(kind, set()).add(parameter.code)
        self._added, self._pending = added, pending
        self._merged, self.generation = {}, generation


def _of(resource: dict[str, Any]) -> dict[str, SearchParameter]:
    if resource.get("status") != "active":
        return {}
    try:
        return custom(resource)
    except OperationOutcomeError:
        return {}  # stored as a document; the door has said that it is not served
