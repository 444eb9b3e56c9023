"""A small typed client of the live socket and of files, for bots, tests and benchmarks.

    async with LiveClient("http://127.0.0.1:8480", token) as client:
        thread = await client.subscribe("r_…")
        await client.send(Post(thread="r_…", send_id="1", text="Hello"))
        document = await client.open_document("d_…")

It reconnects on its own, resumes every thread after the last seq it saw, repeats commands that
carry a ``send_id`` and returns unsent document edits. ``FileClient`` sends and fetches files
(``hub.client.files``). Neither imports a server module but ``hub.wire`` and the ground floor.
"""

from hub.client.connection import LiveClient, ThreadFeed
from hub.client.document import RemoteDocument
from hub.client.files import FileClient
from hub.client.sending import Sent

__all__ = ["FileClient", "LiveClient", "RemoteDocument", "Sent", "ThreadFeed"]
