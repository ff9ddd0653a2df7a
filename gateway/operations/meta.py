"""``$meta``, ``$meta-add`` and ``$meta-delete`` (R4 resource-operation-meta.html)."""

from typing import Any, Final

from adapters.store import StoredVersion, Transaction
from gateway.interactions.write import require_changeable
from gateway.operations.definition import HL7, Call, Operation, Parameter
from profiles.admission import require_admissible
from profiles.outcome import OperationOutcomeError
from profiles.strict_json import parse_resource

_LISTS: Final = ("profile", "security", "tag")


def meta(call: Call) -> dict[str, Any]:
    """The meta of a resource, or all profiles, labels and tags of a type or the server."""
    if call.version:
        return _answer(_version(call).json()["meta"])
    if call.id:
        return _answer(call.store.read(call.kind, call.id).json()["meta"])
    kinds = (call.kind,) if call.kind else tuple(call.store.kinds())
    found: dict[str, list[Any]] = {}
    for entry in call.store.metas(kinds):
        for name in _LISTS:
            for value in entry.get(name, ()):
                if not _has(found.setdefault(name, []), name, value):
                    found[name].append(value)
    return _answer({name: values for name, values in found.items() if values})


def _version(call: Call) -> StoredVersion:
    if not call.version.isascii() or not call.version.isdecimal() or len(call.version) > 18:
        raise OperationOutcomeError("not-found", "there is no such version")
    stored: StoredVersion = call.store.vread(call.kind, call.id, int(call.version))
    return stored


def meta_add(call: Call) -> dict[str, Any]:
    """Add what the given meta has and the resource has not."""
    given = call.one("meta")

    def change(current: dict[str, Any]) -> None:
        for name in _LISTS:
            for value in given.get(name, ()):
                if not _has(current.get(name, ()), name, value):
                    current[name] = [*current.get(name, ()), value]

    return _changed(call, change)


def meta_delete(call: Call) -> dict[str, Any]:
    """Remove what the given meta names; what is not there is no error."""
    given = call.one("meta")

    def change(current: dict[str, Any]) -> None:
        for name in _LISTS:
            kept = [v for v in current.get(name, ()) if not _has(given.get(name, ()), name, v)]
            if kept:
                current[name] = kept
            else:
                current.pop(name, None)

    return _changed(call, change)


def _changed(call: Call, change: Any) -> dict[str, Any]:
    def work(tx: Transaction) -> dict[str, Any]:
        stored = tx.require(call.kind, call.id)
        require_changeable(stored)
        resource = parse_resource(stored.body)
        after = dict(resource.get("meta", {}))
        change(after)
        if after != resource.get("meta"):
            changed = {**resource, "meta": after}
            require_admissible(changed)
            stored = tx.put(changed, op="PUT")
        found: dict[str, Any] = stored.json()["meta"]
        return found

    return _answer(call.store.transact(work))


def _has(values: Any, name: str, wanted: Any) -> bool:
    if name == "profile":
        return wanted in values
    return any(_label(one) == _label(wanted) for one in values)


def _label(coding: dict[str, Any]) -> tuple[Any, ...]:
    """What tells a label apart: system and code, or its text where it has neither."""
    code = coding.get("system"), coding.get("code")
    return code if any(code) else (None, None, coding.get("display"))


def _answer(found: dict[str, Any]) -> dict[str, Any]:
    """The meta as a parameter; none, where there is nothing in it: JSON has no empty element."""
    made: dict[str, Any] = {"resourceType": "Parameters"}
    return {**made, "parameter": [{"name": "return", "valueMeta": found}]} if found else made


_RETURN: Final = Parameter("return", "out", 0, "1", "Meta", "The meta; none without content.")
_META: Final = Parameter("meta", "in", 1, "1", "Meta", "Profiles, security labels and tags.")

OPERATIONS: Final = (
    Operation(
        "meta",
        "Profiles, security labels and tags of a resource, a type or everything.",
        resources=("Resource",),
        levels=("system", "type", "instance", "version"),
        compute=meta,
        methods=("GET", "POST"),
        affects_state=False,
        base=f"{HL7}/Resource-meta",
        parameters=(_RETURN,),
    ),
    Operation(
        "meta-add",
        "Add profiles, security labels and tags to a resource.",
        resources=("Resource",),
        compute=meta_add,
        base=f"{HL7}/Resource-meta-add",
        parameters=(_META, _RETURN),
    ),
    Operation(
        "meta-delete",
        "Remove profiles, security labels and tags from a resource.",
        resources=("Resource",),
        compute=meta_delete,
        base=f"{HL7}/Resource-meta-delete",
        parameters=(_META, _RETURN),
    ),
)
