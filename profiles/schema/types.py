"""JSON Schema of a resource type, generated from the definitions that ship (R4 json.html, validation.html).

The schema is strict: it refuses some rare structure that R4 allows, and never allows what R4 refuses. What
it leaves to the walker of ``profiles.structure`` is rare and would cost time in every other resource: nulls
in lists, extensions on a choice or on a code of a required value set, ids of extensions, a required
primitive with nothing but extensions.
"""

from collections.abc import Iterator
from itertools import combinations
from typing import Any, Final

from profiles.definitions.r4 import ElementDefinition, TypeDefinition, definitions
from profiles.primitives import LANGUAGE
from profiles.schema.texts import ID, MARK, PRIMITIVES, SIGN, Schema, text

DRAFT: Final = "http://json-schema.org/draft-04/schema#"
"""The last draft in which 1.0 is no integer, as in R4."""
INNER: Final = frozenset(
    {
        ("Bundle.entry", "resource"),
        ("Bundle.entry.response", "outcome"),
        ("Parameters.parameter", "resource"),
    }
)
"""Where a resource stands in another, besides ``contained``: only its being an object is checked."""
_FEW: Final = 4
_MANY: Final = 12


def resource_schema(kind: str, *, usual: bool = False) -> Schema:
    """Draft 4 schema of one resource type with every type that it reaches (R4 json.html).

    Parameters
    ----------
    kind : str
        Name of a resource type.
    usual : bool
        Whether only a resource without extensions, contained resources, ids of elements, local references
        and logical references passes: what most are, and what spares them the rules about these.
    """
    reached: dict[str, Schema] = {}
    wanted = [_Wanted(kind)]
    while wanted:
        of = wanted.pop()
        if of.key not in reached:
            reached[of.key] = _object(of, wanted, usual)
    return {
        "$schema": DRAFT,
        "definitions": reached,
        "allOf": [{"$ref": f"#/definitions/{kind}"}],
    }


class _Wanted:
    """A type to define; a reference with its targets is a type of its own."""

    def __init__(
        self, kind: str, targets: frozenset[str] | None = None, *, inner: bool = False
    ) -> None:
        self.kind = kind
        self.targets = targets
        self.inner = inner
        self.key = kind if targets is None else f"{kind}:{','.join(sorted(targets))}"
        if inner:
            self.key = f"{kind}:inner"


def _object(of: _Wanted, wanted: list[_Wanted], usual: bool) -> Schema:
    definition = definitions().types[of.kind]
    properties: dict[str, Schema] = {}
    for name, (element, kind) in definition.members.items():
        if usual and _is_unusual(of.kind, element, kind):
            continue
        properties[name] = _listed(element, _value(of.kind, element, kind, wanted))
        if not usual and definition.extends(name) and not (element.choice or element.codes):
            wanted.append(_Wanted("Element"))
            properties[f"_{name}"] = _listed(element, {"$ref": "#/definitions/Element"})
    if of.kind in definitions().resources:
        properties["resourceType"] = {"enum": [of.kind]}
        properties["id"] = PRIMITIVES["id"]
    found: Schema = {"type": "object", "minProperties": 1, "additionalProperties": False}
    if of.kind == "Reference":
        return {**found, **_referring(properties, of.targets, "u" if usual else "#u")}
    if of.kind == "Extension":
        return {**found, **_extension(properties, inner=of.inner)}
    return {**found, "properties": properties, **_required(definition), **_choices(definition)}


def _is_unusual(owner: str, element: ElementDefinition, kind: str) -> bool:
    """Whether an element is one of those that a usual resource does not have."""
    if kind in ("Extension", "Resource") or (owner, element.name) == ("Reference", "identifier"):
        return True
    return element.name == "id" and owner not in definitions().resources


def is_bounded(schema: Schema) -> bool:
    """Whether no type of a schema leads to itself: then it cannot be followed without end."""
    inner = {key: set(_referred(one)) for key, one in schema["definitions"].items()}
    while leaves := {key for key, others in inner.items() if not others & inner.keys()}:
        for key in leaves:
            del inner[key]
    return not inner


def _referred(schema: Any) -> Iterator[str]:
    """The types that a part of a schema names."""
    for name, one in schema.items() if isinstance(schema, dict) else enumerate(schema):
        if name == "$ref":
            yield one.removeprefix("#/definitions/")
        elif isinstance(one, dict | list):
            yield from _referred(one)


def _referring(
    properties: dict[str, Schema], targets: frozenset[str] | None, begins: str
) -> Schema:
    """A reference; one with a ``type`` passes where that is the type in the reference.

    The many types of a reference to anything are left to the walker.
    """
    kinds = definitions().resources if targets is None else targets & definitions().resources
    anything = f"{MARK}+" if "#" in begins else f"[A-Za-z/]{MARK}*"
    properties["reference"] = text(_reference(kinds, begins) if targets is not None else anything)
    properties["type"] = {"enum": sorted(kinds)}
    either: list[Schema] = [{"not": {"required": ["reference"]}}]
    for kind in sorted(kinds) if len(kinds) < _MANY else ():
        same = {"type": {"enum": [kind]}, "reference": text(_reference(frozenset({kind}), begins))}
        either.append({"properties": same})
    return {"properties": properties, "dependencies": {"type": {"anyOf": either}}}


def _extension(properties: dict[str, Schema], *, inner: bool) -> Schema:
    """Two members, ``url`` and either a value or extensions: counting is cheaper than fifty names (ext-1)."""
    usual = {name: value for name, value in properties.items() if name != "id"}
    if not inner:
        usual["url"] = text(rf"[A-Za-z][A-Za-z0-9+.\-]*:{MARK}+")
    return {"properties": usual, "required": ["url"], "minProperties": 2, "maxProperties": 2}


def _listed(element: ElementDefinition, value: Schema) -> Schema:
    return {"type": "array", "minItems": 1, "items": value} if element.many else value


def _value(owner: str, element: ElementDefinition, kind: str, wanted: list[_Wanted]) -> Schema:
    if element.language:
        return text(LANGUAGE)
    if kind in definitions().primitives:
        return PRIMITIVES[kind] if element.codes is None else {"enum": sorted(element.codes)}
    if kind == "Resource":
        known = element.name == "contained" or (owner, element.name) in INNER
        return {"type": "object"} if known else {"not": {}}
    targets = element.targets if kind == "Reference" else None
    of = _Wanted(kind, targets, inner=owner == kind == "Extension")
    wanted.append(of)
    return {"$ref": f"#/definitions/{of.key}"}


def _reference(targets: frozenset[str], begins: str) -> str:
    """Texts that name no resource type but these: literal, fragment, URN or conditional.

    A fragment and a URN are told by how the text begins (R4 references.html#literal).
    """
    kinds = "|".join(sorted(targets & definitions().resources))
    literal = rf"(https?://{MARK}+/)?({kinds})/{ID}(/_history/{ID})?"
    return rf"{literal}|[{begins}]{MARK}*|[A-Z][A-Za-z]*\?{SIGN}*"


def _required(definition: TypeDefinition) -> Schema:
    names = [e.name for e in definition.elements if e.minimum and not e.choice]
    return {"required": names} if names else {}


def _choices(definition: TypeDefinition) -> Schema:
    """At most one type of each choice, and one where the element is required (R4 formats.html#choice)."""
    rules: list[Schema] = []
    later: dict[str, Schema] = {}
    for element in definition.elements:
        if not element.choice:
            continue
        names = [name for name, (of, _) in definition.members.items() if of is element]
        if element.minimum:
            rules.append({"oneOf": [{"required": [name]} for name in names]})
        elif len(names) < _FEW:
            rules += [{"not": {"required": list(pair)}} for pair in combinations(names, 2)]
        else:
            for at, name in enumerate(names[:-1], 1):
                later[name] = {"not": {"anyOf": [{"required": [n]} for n in names[at:]]}}
    return {
        **({"allOf": rules} if rules else {}),
        **({"dependencies": later} if later else {}),
    }
