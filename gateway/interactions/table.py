"""Which interaction answers which address and method (R4 http.html): instance, type and system.

An address is known by the shape of its path: the segments that are literal, and how many others there are.
The conditional forms are those without an id.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from gateway.interactions import (
    bundle,
    capabilities,
    create,
    delete,
    history,
    patch,
    read,
    search,
    update,
)

Endpoint = Callable[[Request], Awaitable[Response]]
Shape = tuple[str, ...]
"""Segments of a path: themselves where they are literal, empty where they are names."""

LITERALS: Final = frozenset({"_history", "_search"})
_METADATA: Final = ["metadata"]

_TABLE: Final[Mapping[str, Mapping[str, Endpoint]]] = {
    "": {
        "GET": search.search_everything,
        "POST": bundle.bundle,
        "OPTIONS": capabilities.capabilities,
    },
    "metadata": {"GET": capabilities.capabilities, "OPTIONS": capabilities.capabilities},
    "_history": {"GET": history.system_history},
    "_search": {"POST": search.search_everything},
    "{type}": {
        "GET": search.search,
        "POST": create.create,
        "PUT": update.conditional_update,
        "PATCH": patch.conditional_patch,
        "DELETE": delete.conditional_delete,
    },
    "{type}/_history": {"GET": history.type_history},
    "{type}/_search": {"POST": search.search},
    "{type}/{id}": {
        "GET": read.read,
        "PUT": update.update,
        "PATCH": patch.patch,
        "DELETE": delete.delete,
    },
    "{type}/{id}/_history": {"GET": history.history},
    "{type}/{id}/_history/{version}": {"GET": read.vread},
    "{compartment}/{id}/{type}": {"GET": search.search_compartment},
    "{compartment}/{id}/{type}/_search": {"POST": search.search_compartment},
}


def shape_of(segments: list[str]) -> Shape:
    """The shape of a path; ``metadata`` could be the id of a resource, but never its type."""
    if segments == _METADATA:
        return ("metadata",)
    return tuple([segment if segment in LITERALS else "" for segment in segments])


def _compiled() -> dict[Shape, tuple[tuple[str, ...], dict[str, Endpoint], str]]:
    """By shape: the names of the segments, what answers each method, and the methods for ``Allow``."""
    found = {}
    for path, methods in _TABLE.items():
        names = tuple(part.strip("{}") for part in path.split("/"))
        shape = shape_of(path.split("/"))
        served = dict(methods)
        if "GET" in served:
            served["HEAD"] = served["GET"]
        if path == "":
            shape, names = (), ()
        found[shape] = (names, served, ", ".join(sorted({*served, "OPTIONS"})))
    return found


INTERACTIONS: Final = _compiled()
