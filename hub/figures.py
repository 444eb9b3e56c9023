"""What this process counts and times about itself, for ``/metrics``. Named as Prometheus has it.

What can be read off the hub's objects at any moment is not here but in ``hub.api.metrics``.
"""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics

disable_created_metrics()  # type: ignore[no-untyped-call]
REGISTRY = CollectorRegistry()

_FAST_S = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

FRAMES = Counter("hub_frames_received", "Frames received.", ["kind"], registry=REGISTRY)
RELAYED = Histogram(
    "hub_relay_seconds",
    "From an edit's admission, or its arrival from another process, to its subscribers' sockets.",
    buckets=_FAST_S, registry=REGISTRY,
)  # fmt: skip
COMMITTED = Histogram(
    "hub_commit_seconds", "From an edit or a message given to the writer to its commit.",
    buckets=_FAST_S, registry=REGISTRY,
)  # fmt: skip
GROUP = Histogram(
    "hub_commit_entries", "Entries of one group commit.",
    buckets=(1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000), registry=REGISTRY,
)  # fmt: skip
LAG = Histogram(
    "hub_loop_lag_seconds", "By how much the event loop is late.",
    buckets=_FAST_S, registry=REGISTRY,
)  # fmt: skip
LEFT_BEHIND = Counter(
    "hub_readers_left_behind", "Readers too slow for live updates; they got one diff later.",
    registry=REGISTRY,
)  # fmt: skip
SLOW_READERS = Counter(
    "hub_slow_readers_ended", "Readers that did not even take that.", registry=REGISTRY
)
POLLS = Counter("hub_polls", "Looks behind the bell.", ["of"], registry=REGISTRY)
