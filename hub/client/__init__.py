"""A small typed client of the live socket, for bots, tests and benchmarks.

    async with LiveClient("http://127.0.0.1:8480", token) as client:
        thread = await client.subscribe("r_…")
        await client.send(Post(thread="r_…", send_id="1", text="Hello"))
        document = await client.open_document("d_…")

It reconnects on its own, resumes every thread after the last seq it saw, repeats commands that
carry a ``send_id`` and returns unsent document edits. It never imports a server module but
``hub.wire`` and the ground floor.
"""

from hub.client.connection import LiveClient, ThreadFeed
from hub.client.document import RemoteDocument

__all__ = ["LiveClient", "RemoteDocument", "ThreadFeed"]
