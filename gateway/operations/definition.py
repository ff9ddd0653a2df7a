"""What an operation is: where it answers, what it takes, who computes it (R4 operationdefinition.html)."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from terminology.systems import ISTHMUS

HL7 = "http://hl7.org/fhir/OperationDefinition"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of an operation; one that has parts has no type.

    ``free`` are parts whose names are for the caller to choose.
    """

    name: str
    use: str
    minimum: int
    maximum: str
    type: str
    text: str
    parts: tuple["Parameter", ...] = ()
    free: bool = False

    def definition(self) -> dict[str, Any]:
        """Its element of the OperationDefinition."""
        made: dict[str, Any] = {
            "name": self.name,
            "use": self.use,
            "min": self.minimum,
            "max": self.maximum,
            "documentation": self.text,
        }
        if self.parts:
            return {**made, "part": [part.definition() for part in self.parts]}
        return {**made, "type": self.type}


@dataclass(slots=True)
class Call:
    """One call of an operation, whichever way it came.

    Parameters
    ----------
    store : Store
        What it reads and writes; None in a call that only waits to be run.
    kind, id : str
        Type and id of the URL; empty where the level has none.
    version : str
        Version of the URL; empty for the current one.
    given : dict
        Parameters by name, in order: values, parts or resources.
    terminology : Path
        Folder of the compiled code systems.
    progress : callable
        Takes a sentence for people; raises when the call was cancelled.
    """

    store: Any
    base: str
    kind: str = ""
    id: str = ""
    version: str = ""
    given: dict[str, list[Any]] = field(default_factory=dict)
    terminology: Path = Path()
    progress: Callable[[str], None] = lambda text: None

    def one(self, name: str, default: Any = None) -> Any:
        """The first value of a parameter."""
        return next(iter(self.given.get(name, ())), default)


Endpoint = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation; ``compute`` gives its result, ``endpoint`` answers on its own.

    ``levels`` are ``system``, ``type``, ``instance`` and ``version``; ``searches`` says that it takes the
    search parameters of its type too.
    """

    name: str
    text: str
    resources: tuple[str, ...] = ()
    levels: tuple[str, ...] = ("instance",)
    compute: Callable[[Call], Any] | None = None
    endpoint: Endpoint | None = None
    methods: tuple[str, ...] = ("POST",)
    parameters: tuple[Parameter, ...] = ()
    affects_state: bool = True
    long: bool = False
    searches: bool = False
    base: str = ""
    key: str = ""

    @property
    def id(self) -> str:
        """Id of its definition; ``key`` where two operations have one name."""
        return self.key or self.name

    def paths(self) -> list[str]:
        """Routes, from the base address."""
        kinds = ["{type}"] if self.resources == ("Resource",) else list(self.resources)
        found = [f"/${self.name}"] if "system" in self.levels else []
        if "type" in self.levels:
            found += [f"/{kind}/${self.name}" for kind in kinds]
        if "instance" in self.levels:
            found += [f"/{kind}/{{id}}/${self.name}" for kind in kinds]
        if "version" in self.levels:
            found += [f"/{kind}/{{id}}/_history/{{version}}/${self.name}" for kind in kinds]
        return found

    def definition(self) -> dict[str, Any]:
        """Its OperationDefinition."""
        made: dict[str, Any] = {
            "resourceType": "OperationDefinition",
            "id": self.id,
            "url": f"{ISTHMUS}/OperationDefinition/{self.id}",
            "name": "".join(part.capitalize() for part in self.name.split("-")),
            "status": "active",
            "kind": "operation",
            "affectsState": self.affects_state,
            "description": self.text,
            "code": self.name,
            "resource": list(self.resources),
            "system": "system" in self.levels,
            "type": "type" in self.levels,
            "instance": "instance" in self.levels,
            "parameter": [parameter.definition() for parameter in self.parameters],
        }
        if self.base:
            made["base"] = self.base
        if not self.resources:
            del made["resource"]
        return made
