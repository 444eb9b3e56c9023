"""A name that leads to one server and then to another: a TCP proxy whose aim can be changed.

What is open stays with the server that it was opened to, as after a change in the DNS.
"""

from __future__ import annotations

from tests.support.stall import Stall


class Switch(Stall):
    def aim(self, port: int) -> None:
        """New connections go to another port of loopback."""
        self._to = port
