"""Live documents of a file hear that another version of it is shown."""

from __future__ import annotations

from typing import Any, Final

from hub.jobs.queue import Jobs
from hub.storage import document_files as rows

MERGE: Final = "merge"
"""The job that brings the shown version of an attachment into its live documents."""


async def follow(jobs: Jobs, connection: Any, attachment: str, *, but: str | None = None) -> None:
    """A version of an attachment is shown from this transaction on.

    Args:
        but: the document that it was saved from.
    """
    bound = await rows.of_attachment(connection, attachment)
    if any(one.document != but for one in bound):
        await jobs.put(connection, MERGE, attachment)
