from __future__ import annotations

import pytest

from hub.errors import Forbidden
from hub.identity.principal import Principal


def test_require_binds_tokens_only() -> None:
    Principal("u_1", "Ada", False, session_id="s_1").require("admin")
    token = Principal("u_1", "Ada", False, token_id="t_1", scopes=frozenset(("read",)))
    token.require("read")
    with pytest.raises(Forbidden) as caught:
        token.require("write")
    assert caught.value.code == "missing_scope"


def test_require_owner_wants_the_owner_and_the_scope() -> None:
    Principal("u_1", "Ada", True, session_id="s_1").require_owner()
    with pytest.raises(Forbidden) as caught:
        Principal("u_2", "Ben", False, session_id="s_2").require_owner()
    assert caught.value.code == "not_hub_owner"
    with pytest.raises(Forbidden) as caught:
        Principal("u_1", "Ada", True, token_id="t", scopes=frozenset(("write",))).require_owner()
    assert caught.value.code == "missing_scope"
