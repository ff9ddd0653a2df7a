"""The input parameters of a call: known names, of their types, as often as they may be given.

R4 operations.html#request: a Parameters resource; the one resource that an operation takes, as it is; or the
query, for primitive values. What does not fit the OperationDefinition is 400, with its place.
"""

from collections.abc import Iterable
from typing import Any, Final

from gateway.operations.definition import Operation, Parameter
from profiles.admission import issues
from profiles.definitions.r4 import definitions
from profiles.outcome import OperationOutcomeError
from profiles.primitives import is_valid

Given = dict[str, list[Any]]

_GENERAL: Final = frozenset({"_format", "_pretty"})
_BROADER: Final = {
    **dict.fromkeys(("code", "id", "markdown"), "string"),
    **dict.fromkeys(("canonical", "url", "oid", "uuid"), "uri"),
    **dict.fromkeys(("positiveInt", "unsignedInt"), "integer"),
}
"""What each specialised primitive is as well (R4 datatypes.html)."""


def given_by_query(operation: Operation, pairs: Iterable[tuple[str, str]]) -> Given:
    """Parameters in a URL: primitive values alone can stand there."""
    found: Given = {}
    for name, text in pairs:
        if name in _GENERAL:
            continue
        parameter = _known(operation, name, name)
        value = text if parameter is None else _read(parameter, text)
        found.setdefault(name, []).append(value)
    return found


def given_by_body(operation: Operation, kind: str, resource: dict[str, Any]) -> Given:
    """Parameters in a body, or the resource that the operation takes as its one resource."""
    if resource["resourceType"] != "Parameters" or _is_subject(operation, kind, resource):
        for parameter in operation.parameters:
            if parameter.use == "in" and parameter.type in ("Resource", resource["resourceType"]):
                return {parameter.name: [resource]}
        raise OperationOutcomeError("invalid", "the body is no Parameters", "resourceType")
    parts = resource.get("parameter", [])
    if not isinstance(parts, list) or not all(isinstance(part, dict) for part in parts):
        raise OperationOutcomeError("structure", "parameter is a list", "Parameters.parameter")
    _require_sound(resource, parts)
    found: Given = {}
    for at, part in enumerate(parts):
        place = f"Parameters.parameter[{at}]"
        wanted = _known(operation, part["name"], place)
        found.setdefault(part["name"], []).append(_value(wanted, part, place))
    return found


def require_complete(operation: Operation, given: Given) -> None:
    """Refuse a call that lacks a parameter or has one too often (``required``, ``invalid``)."""
    _require_all((p for p in operation.parameters if p.use == "in"), given)


def _require_all(parameters: Iterable[Parameter], given: Given, place: str = "") -> None:
    for parameter in parameters:
        size, name = len(given.get(parameter.name, ())), parameter.name
        if size < parameter.minimum:
            raise OperationOutcomeError(
                "required", f"the parameter {name} is required", place or name
            )
        if parameter.maximum != "*" and size > int(parameter.maximum):
            raise OperationOutcomeError(
                "invalid", f"the parameter {name} is given too often", place or name
            )


def _is_subject(operation: Operation, kind: str, resource: dict[str, Any]) -> bool:
    """Whether a Parameters resource is what the operation is about, not what holds its parameters."""
    names = {parameter.name for parameter in operation.parameters if parameter.use == "in"}
    parts = resource.get("parameter", ())
    if kind != "Parameters" or not isinstance(parts, list | tuple):
        return False
    return not any(isinstance(part, dict) and str(part.get("name")) in names for part in parts)


def _known(operation: Operation, name: str, place: str) -> Parameter | None:
    """The parameter of a name; None for one of a search, where the operation takes those too."""
    for parameter in operation.parameters:
        if parameter.name == name and parameter.use == "in":
            return parameter
    if operation.searches:
        return None
    raise OperationOutcomeError("invalid", f"${operation.name} has no such parameter", place)


def _require_sound(resource: dict[str, Any], parts: list[dict[str, Any]]) -> None:
    """Refuse what is no Parameters; a resource in it may be of any kind, to be judged."""
    shell = [
        {**{k: v for k, v in part.items() if k != "resource"}, "valueBoolean": True}
        if isinstance(part.get("resource"), dict) and not _values(part)
        else part
        for part in parts
    ]
    wrong = issues({**resource, "parameter": shell} if shell else resource, warnings=False)
    if wrong:
        _, _, text, place = wrong[0]
        raise OperationOutcomeError("invalid", text, place)


def _values(part: dict[str, Any]) -> list[str]:
    return [name for name in part if name.startswith(("value", "_value")) or name == "part"]


def _value(parameter: Parameter | None, part: dict[str, Any], place: str) -> Any:
    name = next((n for n in part if n.startswith("value") or n in ("resource", "part")), "")
    if parameter is None:
        if not name.startswith("value") or isinstance(part[name], dict | list):
            raise OperationOutcomeError("invalid", "a search parameter is a text", place)
        value = part[name]
        return str(value).lower() if isinstance(value, bool) else str(value)
    if parameter.free and name == "part":
        return part["part"]
    if parameter.parts and name == "part":
        return _parts(parameter, part["part"], place)
    fits = not parameter.parts and _fits(parameter.type, name)
    if not name or not fits or not _is_kind(parameter.type, part[name]):
        wanted = "a resource" if parameter.type == "Resource" else parameter.type or "parts"
        raise OperationOutcomeError("invalid", f"{parameter.name} is {wanted}", place)
    return part[name]


def _parts(parameter: Parameter, parts: list[dict[str, Any]], place: str) -> Given:
    """The parts of a parameter by name."""
    known = {one.name: one for one in parameter.parts}
    found: Given = {}
    for at, part in enumerate(parts):
        inner = f"{place}.part[{at}]"
        if part["name"] not in known:
            raise OperationOutcomeError("invalid", f"{parameter.name} has no such part", inner)
        found.setdefault(part["name"], []).append(_value(known[part["name"]], part, inner))
    _require_all(parameter.parts, found, place)
    return found


def _fits(wanted: str, name: str) -> bool:
    """Whether ``value[x]`` or ``resource`` is of the type that a parameter has."""
    if name == "resource" or wanted in _RESOURCES:
        return name == "resource" and wanted in _RESOURCES
    suffix = name.removeprefix("value")
    kind = next((k for k in (suffix, suffix[:1].lower() + suffix[1:]) if k in _TYPES), "")
    return wanted in (kind, _BROADER.get(kind))


def _is_kind(wanted: str, value: Any) -> bool:
    """Whether a resource is of the one type that a parameter takes."""
    if wanted == "Resource" or wanted not in _RESOURCES:
        return True
    return isinstance(value, dict) and value.get("resourceType") == wanted


_RESOURCES: Final = definitions().resources | {"Resource"}
_TYPES: Final = frozenset(definitions().types) | definitions().primitives


def _read(parameter: Parameter, text: str) -> Any:
    """A primitive value out of a URL."""
    value: Any = text
    kind = parameter.type
    if kind == "boolean":
        value = {"true": True, "false": False}.get(text)
    elif kind in ("integer", "positiveInt", "unsignedInt") and text.lstrip("-").isdecimal():
        value = int(text[:20]) if text.isascii() else None
    elif kind in ("date", "dateTime", "instant"):
        # A "+" in the query may have become a space.
        value = text.replace(" ", "+")
    if kind not in definitions().primitives:
        raise OperationOutcomeError(
            "invalid", f"{parameter.name} cannot be in a URL; send Parameters", parameter.name
        )
    if not is_valid(kind, value):
        raise OperationOutcomeError("invalid", f"{parameter.name} is {kind}", parameter.name)
    return value
