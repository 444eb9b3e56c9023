"""Who acts, and by what right."""

from __future__ import annotations

from dataclasses import dataclass

from hub.errors import Forbidden


@dataclass(frozen=True)
class Principal:
    """A signed-in person (``session_id``) or a program of theirs (``token_id``, ``scopes``)."""

    uid: str
    display_name: str
    is_owner: bool
    session_id: str | None = None
    token_id: str | None = None
    scopes: frozenset[str] | None = None
    expires_at_ms: int | None = None

    def may(self, scope: str) -> bool:
        """Whether a program's scopes reach so far; a person's always do."""
        return self.scopes is None or scope in self.scopes

    def require(self, scope: str) -> None:
        """Raises:
        Forbidden: ``missing_scope`` for a token without it.
        """
        if not self.may(scope):
            raise Forbidden(f"The token lacks the scope {scope!r}.", code="missing_scope")

    def require_owner(self) -> None:
        """Raises:
        Forbidden: ``not_hub_owner``, ``missing_scope``.
        """
        self.require("admin")
        if not self.is_owner:
            raise Forbidden("Only an owner of the hub can do this.", code="not_hub_owner")
