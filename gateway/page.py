"""What every page has: templates that escape, a policy, forms of our own site alone.

The policy allows no script but our own files, and those on the pages alone that ask for it (``scripted``).
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

import anyio.to_thread
from starlette.requests import Request
from starlette.responses import Response
from starlette.templating import Jinja2Templates

from adapters.store import Store
from gateway.fhir_answer import store_of
from profiles.outcome import OperationOutcomeError

HERE: Final = Path(__file__).parent
LARGEST_FORM: Final = 200_000
POLICY: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self' data:; media-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_SCRIPTED: Final = {
    **POLICY,
    "Content-Security-Policy": f"{POLICY['Content-Security-Policy']}; script-src 'self'",
}
_templates = Jinja2Templates(directory=HERE / "templates")


async def page(
    request: Request,
    template: str,
    gather: Callable[[Store], Mapping[str, Any]],
    status: int = 200,
    *,
    scripted: bool = False,
) -> Response:
    """A page of what is gathered from the store; a sentence where that is not here."""
    try:
        content = await anyio.to_thread.run_sync(gather, store_of(request))
    except OperationOutcomeError as error:
        if error.kind.http not in (404, 410):
            raise
        template, content, status = "missing.html", {"reason": error.diagnostics}, 404
    return _templates.TemplateResponse(
        request,
        template,
        dict(content),
        status_code=status,
        headers=_SCRIPTED if scripted else POLICY,
    )


async def read_form(request: Request) -> dict[str, str]:
    """The fields of a form that our own page has sent (``forbidden``, ``too-costly``)."""
    _require_same_origin(request)
    body = await request.body()
    if len(body) > LARGEST_FORM:
        raise OperationOutcomeError("too-costly", "the form is too large")
    return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))


def _require_same_origin(request: Request) -> None:
    """A form on another site must not decide (Fetch standard: Origin is sent with every POST)."""
    origin = request.headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != request.headers.get("host"):
        raise OperationOutcomeError("forbidden", "this form was not sent from our own page")


def words(concept: Mapping[str, Any] | None) -> str:
    """What a CodeableConcept says to people."""
    said = concept or {}
    codings = said.get("coding") or [{}]
    found = codings[0].get("display") or said.get("text") or codings[0].get("code")
    return str(found or "")


def target(store: Store, reference: Mapping[str, Any] | None) -> dict[str, Any]:
    """What a Reference leads to, empty where that is not here."""
    kind, _, key = str((reference or {}).get("reference", "")).partition("/")
    try:
        return store.read(kind, key).json()
    except OperationOutcomeError:
        return {}


def patient_words(patient: Mapping[str, Any]) -> str:
    """Name and first identifier of a patient."""
    names = patient.get("name") or [{}]
    text = names[0].get("text") or " ".join(
        [*names[0].get("given", ()), names[0].get("family", "")]
    )
    identifiers = [i.get("value", "") for i in patient.get("identifier", ())]
    return " · ".join(part for part in (text.strip(), *identifiers[:1]) if part) or "no name sent"
