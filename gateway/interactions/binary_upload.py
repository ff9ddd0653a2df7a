"""The content of a Binary on its way in: a small one is held, a large one goes to a file of the store."""

import base64
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any, Final

import anyio.to_thread
from starlette.requests import Request

from adapters.blobs import Incoming
from gateway.content_file import filed
from gateway.fhir_answer import body_in_pieces, store_of

SMALL: Final = 1_000_000
"""Bytes up to which content stands in the JSON of its Binary."""


async def with_content(request: Request, binary: dict[str, Any]) -> dict[str, Any]:
    """A Binary with the body of the request as its content (``too-costly``, ``no-store``)."""
    limit = request.app.state.settings.max_content_bytes
    held = bytearray()
    async with aclosing(body_in_pieces(request, limit)) as pieces:
        async for piece in pieces:
            held += piece
            if len(held) > SMALL:
                return await _filed(request, binary, held, pieces)
    if held:
        binary["data"] = base64.b64encode(held).decode()
    return binary


async def _filed(
    request: Request,
    binary: dict[str, Any],
    held: bytearray,
    pieces: AsyncGenerator[bytes, None],
) -> dict[str, Any]:
    store = store_of(request)
    with store.blobs.incoming() as file:
        async for piece in pieces:
            held += piece
            if len(held) > SMALL:
                await _written(file, held)
                held = bytearray()
        await _written(file, held)
        digest, _ = await anyio.to_thread.run_sync(file.keep)
    return filed(binary, digest, store.secret)


async def _written(file: Incoming, held: bytearray) -> None:
    await anyio.to_thread.run_sync(file.write, bytes(held))
