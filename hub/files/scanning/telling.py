"""Which versions have to be told what scanners say of their bytes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hub.files.scanning.service import TELL
from hub.jobs.queue import Jobs
from hub.storage import verdicts


class Telling:
    """Args:
    scans: whether scanners look at files; a verdict may be coming at any moment then.
    """

    def __init__(self, jobs: Jobs, *, scans: bool) -> None:
        self._jobs = jobs
        self._scans = scans

    async def ask(self, connection: Any, blobs: Sequence[str]) -> None:
        """Blobs have become those of versions, in this transaction."""
        if not self._scans:  # but they may have, once
            blobs = await verdicts.judged(connection, blobs)
        await self._jobs.put(connection, TELL, *blobs)
