from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.api.tickets import Tickets
from hub.clock import SystemClock
from hub.errors import Unauthenticated
from hub.identity.principal import Principal
from tests.conftest import TurnableClock

KEY = b"k" * 32
ADA = Principal("u_ada", "Ada", True, session_id="s_ada")


def test_ticket_is_good_again_and_again_for_ten_minutes(clock: TurnableClock) -> None:
    tickets = Tickets(clock, KEY)
    made = tickets.issue(ADA, "d_plan")
    assert made.expires_at == clock.now_ms() + 600_000
    for _ in range(3):
        assert tickets.verify(made.ticket, "d_plan").session == "s_ada"
        clock.advance(199)
    clock.advance(4)
    with pytest.raises(Unauthenticated) as caught:
        tickets.verify(made.ticket, "d_plan")
    assert caught.value.code == "bad_ticket"


def test_ticket_opens_its_own_document_only(clock: TurnableClock) -> None:
    tickets = Tickets(clock, KEY)
    with pytest.raises(Unauthenticated):
        tickets.verify(tickets.issue(ADA, "d_plan").ticket, "d_other")


def test_ticket_of_another_key_is_refused(clock: TurnableClock) -> None:
    foreign = Tickets(clock, b"x" * 32).issue(ADA, "d_plan").ticket
    with pytest.raises(Unauthenticated):
        Tickets(clock, KEY).verify(foreign, "d_plan")


@given(st.integers(0, 10_000), st.integers(1, 127))
def test_ticket_with_a_changed_letter_is_refused(place: int, other: int) -> None:
    tickets = Tickets(SystemClock(), KEY)
    good = tickets.issue(ADA, "d_plan").ticket
    place %= good.index(".")
    changed = good[:place] + chr(ord(good[place]) ^ other) + good[place + 1 :]
    with pytest.raises(Unauthenticated):
        tickets.verify(changed, "d_plan")


@given(st.text(max_size=60))
def test_ticket_of_noise_is_refused(noise: str) -> None:
    with pytest.raises(Unauthenticated):
        Tickets(SystemClock(), KEY).verify(noise, "d_plan")


def test_ticket_allows_no_more_than_what_it_was_made_with() -> None:
    tickets = Tickets(SystemClock(), KEY)
    reader = Principal("u_ada", "Ada", False, token_id="t_1", scopes=frozenset(("read", "admin")))
    for who, scopes in ((ADA, ("read", "write")), (reader, ("read",))):
        said = tickets.verify(tickets.issue(who, "d_plan").ticket, "d_plan")
        assert (said.session, said.token, said.scopes) == (who.session_id, who.token_id, scopes)
