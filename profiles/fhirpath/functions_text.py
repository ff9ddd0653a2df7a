"""Functions on text (FHIRPath N1, section 5.6)."""

import base64
import binascii
import html
import re
from collections.abc import Callable
from typing import Any, Final

from profiles.fhirpath import operators
from profiles.fhirpath.compile import Nodes, Run, Scope, compiled
from profiles.fhirpath.functions_collection import function, whole
from profiles.fhirpath.meter import require_short
from profiles.fhirpath.nodes import boolean, system, written
from profiles.fhirpath.regex import found_in, substituted
from profiles.fhirpath.syntax import Tree
from profiles.outcome import OperationOutcomeError


def text_of(nodes: Nodes, what: str) -> str | None:
    """The one text of a collection (``invalid`` when it is something else)."""
    node = operators.single(nodes, what)
    if node is None:
        return None
    value = written(node)
    if isinstance(value, str):
        return value
    raise OperationOutcomeError("invalid", f"FHIRPath: {what} works on text")


def _on_text(name: str, compute: Callable[[str], Any]) -> None:
    def build() -> Run:
        def evaluate(scope: Scope, nodes: Nodes) -> Nodes:
            text = text_of(nodes, f"{name}()")
            return [] if text is None else _made(scope, compute(text))

        return evaluate

    function(name)(build)


def _with_text(name: str, compute: Callable[[str, str], Any]) -> None:
    def build(argument: Tree) -> Run:
        run = compiled(argument)

        def evaluate(scope: Scope, nodes: Nodes) -> Nodes:
            text, other = text_of(nodes, f"{name}()"), text_of(run(scope, scope.this), f"{name}()")
            return [] if text is None or other is None else _made(scope, compute(text, other))

        return evaluate

    function(name, 1)(build)


def _made(scope: Scope, value: Any) -> Nodes:
    if isinstance(value, bool):
        return boolean(value)
    if isinstance(value, list):
        scope.evaluation.spend(len(value))
        return [system(one) for one in value]
    if isinstance(value, str):
        require_short(len(value))
    return [system(value)]


_on_text("upper", str.upper)
_on_text("lower", str.lower)
_on_text("length", len)
_on_text("trim", str.strip)
_on_text("toChars", list)
_with_text("indexOf", str.find)
_with_text("lastIndexOf", str.rfind)
_with_text("startsWith", str.startswith)
_with_text("endsWith", str.endswith)
_with_text("contains", lambda text, part: part in text)
_with_text("split", lambda text, separator: text.split(separator) if separator else list(text))


def _matching(name: str, *, whole: bool) -> None:
    def build(pattern: Tree, flags: Tree | None = None) -> Run:
        first, second = compiled(pattern), None if flags is None else compiled(flags)

        def evaluate(scope: Scope, nodes: Nodes) -> Nodes:
            text, regex = text_of(nodes, name), text_of(first(scope, scope.this), name)
            if text is None or regex is None:
                return []
            scope.evaluation.spend(1)
            known = scope.evaluation.meter is None
            wanted = _flags(second, scope)
            return boolean(found_in(text, regex, wanted, whole=whole, known=known))

        return evaluate

    function(name, 1, 2)(build)


def _flags(run: Run | None, scope: Scope) -> str:
    return "" if run is None else text_of(run(scope, scope.this), "a pattern") or ""


_matching("matches", whole=False)
_matching("matchesFull", whole=True)


@function("substring", 1, 2)
def _substring(start: Tree, length: Tree | None = None) -> Run:
    begin, count = compiled(start), None if length is None else compiled(length)

    def evaluate(scope: Scope, nodes: Nodes) -> Nodes:
        text, at = text_of(nodes, "substring()"), whole(begin, scope, "substring()")
        if text is None or at is None or not 0 <= at < len(text):
            return []
        size = None if count is None else whole(count, scope, "substring()")
        return [system(text[at:] if size is None else text[at : at + max(0, size)])]

    return evaluate


@function("replace", 2)
def _replace(pattern: Tree, substitution: Tree) -> Run:
    return _replacing("replace()", (pattern, substitution), _replaced)


@function("replaceMatches", 2, 3)
def _replace_matches(*arguments: Tree) -> Run:
    return _replacing("replaceMatches()", arguments, _replaced_matches)


def _replacing(name: str, arguments: tuple[Tree, ...], compute: Callable[..., str]) -> Run:
    runs = [compiled(argument) for argument in arguments]

    def evaluate(scope: Scope, nodes: Nodes) -> Nodes:
        scope.evaluation.spend(1)
        texts = [text_of(nodes, name), *(text_of(run(scope, scope.this), name) for run in runs)]
        return [] if None in texts else [system(compute(*texts))]

    return evaluate


def _replaced(text: str, old: str, new: str) -> str:
    require_short(len(text) + text.count(old) * (len(new) - len(old)))
    return text.replace(old, new)


_GROUP: Final = re.compile(r"\$(\d+|\{\w+\})")


def _replaced_matches(text: str, pattern: str, substitution: str, flags: str = "") -> str:
    if not pattern:
        return text
    template = _GROUP.sub(lambda m: f"\\g<{m[1].strip('{}')}>", substitution.replace("\\", "\\\\"))
    try:
        return substituted(text, pattern, template, flags)
    except (re.error, IndexError):
        raise OperationOutcomeError("invalid", "FHIRPath: not a substitution") from None


@function("join", 0, 1)
def _join(separator: Tree | None = None) -> Run:
    run = None if separator is None else compiled(separator)

    def evaluate(scope: Scope, nodes: Nodes) -> Nodes:
        between = "" if run is None else text_of(run(scope, scope.this), "join()") or ""
        texts = [text_of([node], "join()") or "" for node in nodes if node.value is not None]
        require_short(sum(map(len, texts)) + len(between) * len(texts))
        return [system(between.join(texts))] if texts else []

    return evaluate


def _decoded(text: str, form: str) -> Any:
    if form not in ("hex", "base64", "urlbase64"):
        return []
    try:
        return _bytes(text, form).decode()
    except UnicodeDecodeError:
        return []  # what is not text has no text (trial use)
    except (binascii.Error, ValueError):
        raise OperationOutcomeError("invalid", "FHIRPath: the text is not of this form") from None


def _bytes(text: str, form: str) -> bytes:
    if form == "hex":
        return bytes.fromhex(text)
    if form == "base64":
        return base64.b64decode(text, validate=True)
    return base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True)


def _encoded(text: str, form: str) -> Any:
    if form == "hex":
        return text.encode().hex()
    if form == "base64":
        return base64.b64encode(text.encode()).decode()
    if form == "urlbase64":
        return base64.urlsafe_b64encode(text.encode()).decode()
    return []


_JSON: Final = (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n"), ("\r", "\\r"), ("\t", "\\t"))


def _escaped(text: str, form: str) -> Any:
    if form == "html":
        return html.escape(text, quote=True).replace("&#x27;", "&#39;")
    if form == "json":
        for plain, escape in _JSON:
            text = text.replace(plain, escape)
        return text
    return []


def _unescaped(text: str, form: str) -> Any:
    if form == "html":
        return html.unescape(text)
    if form == "json":
        for plain, escape in reversed(_JSON):
            text = text.replace(escape, plain)
        return text
    return []


_with_text("encode", _encoded)
_with_text("decode", _decoded)
_with_text("escape", _escaped)
_with_text("unescape", _unescaped)
