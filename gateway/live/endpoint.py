"""The WebSocket of live clients: ``/live/transcription``."""

from starlette.routing import BaseRoute, WebSocketRoute
from starlette.websockets import WebSocket

from gateway.live.connection import Connection
from gateway.live.door import require_allowed
from profiles.outcome import OperationOutcomeError

PATH = "/live/transcription"


def live_routes() -> list[BaseRoute]:
    """Routes of the live clients."""
    return [WebSocketRoute(PATH, transcription)]


async def transcription(websocket: WebSocket) -> None:
    """One client; a connection that may not be is refused before it is accepted (HTTP 403)."""
    state = websocket.app.state
    try:
        require_allowed(websocket.scope, state.settings.cors_origins)
    except OperationOutcomeError:
        await websocket.close()
        return
    await websocket.accept()
    await Connection(websocket, state.services.live, state.services.listen).serve()
