"""Counters and gauges for ``/metrics``. Names follow Prometheus' conventions."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge

REGISTRY = CollectorRegistry()

CONNECTIONS = Gauge("hub_connections", "Live connections.", registry=REGISTRY)
FRAMES = Counter("hub_frames_received", "Frames received.", ["kind"], registry=REGISTRY)
ROOMS = Gauge("hub_rooms_open", "Rooms in memory.", registry=REGISTRY)
DOCUMENTS = Gauge("hub_documents_open", "Documents in memory.", registry=REGISTRY)
QUEUED = Gauge("hub_writer_queued_bytes", "Waiting to be written.", registry=REGISTRY)
FLUSHES = Gauge("hub_writer_flushes", "Group commits since the start.", registry=REGISTRY)
ENTRIES = Gauge("hub_writer_entries", "Log entries written since the start.", registry=REGISTRY)
