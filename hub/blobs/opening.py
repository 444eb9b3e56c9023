"""Which store the settings name."""

from __future__ import annotations

from hub.blobs.handover import Accelerated, Handover, Linked
from hub.blobs.local import LocalStore
from hub.blobs.store import BlobStore
from hub.settings import Settings, SettingsError


def open_handover(store: BlobStore, settings: Settings) -> Handover | None:
    """Who sends downloads for the hub; null: nobody does."""
    if isinstance(store, LocalStore):
        return Accelerated(store, settings.accel_prefix) if settings.accel_prefix else None
    from hub.blobs.s3 import S3Store

    return Linked(store) if settings.blob_links and isinstance(store, S3Store) else None


def open_store(settings: Settings) -> BlobStore:
    """A directory beside the database, or an object store.

    Raises:
        SettingsError: ``HUB_BLOB_URL`` is wrong.
    """
    if settings.blob_url is None:
        return LocalStore(settings.data_dir / "blobs")
    from hub.blobs.s3 import S3Store  # 30 MB that a hub without one does not need
    from hub.blobs.s3_parts import parse_place

    try:
        place = parse_place(settings.blob_url)
    except ValueError as error:
        raise SettingsError(f"HUB_BLOB_URL: {error}") from error
    return S3Store(place, access_key=settings.blob_key, secret_key=settings.blob_secret)
