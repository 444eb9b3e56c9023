"""Uploads whose bytes are here become files in the transaction that says so."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hub.errors import NotFound
from hub.files.previews.service import PREVIEW
from hub.files.scanning.telling import Telling
from hub.jobs.queue import Jobs
from hub.storage import blobs, uploads
from hub.storage.uploads import Upload


class Arrived:
    def __init__(self, jobs: Jobs, telling: Telling) -> None:
        self._jobs = jobs
        self._telling = telling

    async def keep(self, connection: Any, arrived: Sequence[Upload]) -> None:
        """They are shown from this transaction on: looked at, and made previews of.

        Raises:
            NotFound: ``upload_not_found``.
        """
        names = {one.upload for one in arrived}
        if not names:
            return
        here = sorted({one.blob for one in arrived if one.blob is not None})
        if await uploads.keep(connection, names) < names:
            raise _gone()
        await self._jobs.put(connection, PREVIEW, *here)
        await self._telling.ask(connection, here)
        if not await blobs.refer(connection, here):
            raise _gone()


def _gone() -> NotFound:
    return NotFound("The upload is gone.", code="upload_not_found")
