"""How many bytes of files an account may bring, and a thread may hold.

What counts: uploads under way, and versions that are ready; also those that were sent on, whose
bytes would stay when what they came from is erased.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hub.errors import TooLarge
from hub.storage import uploads as rows


@dataclass(frozen=True, slots=True)
class Quotas:
    """In bytes; 0: no bound."""

    account: int = 0
    thread: int = 0

    @property
    def bounded(self) -> bool:
        return bool(self.account or self.thread)

    async def require(self, connection: Any, uid: str, thread: str | None, size: int) -> None:
        """Room for ``size`` bytes more.

        Raises:
            TooLarge: ``account_quota``, ``thread_quota``.
        """
        if self.account and await rows.used_by_account(connection, uid) + size > self.account:
            raise TooLarge(
                "Your files would take more than this hub gives you.", code="account_quota"
            )
        if not self.thread or thread is None:
            return
        if await rows.used_in_thread(connection, thread) + size > self.thread:
            raise TooLarge(
                "The files of this thread would take more than it may have.", code="thread_quota"
            )
