"""Numbers for the parts of an upload, which no two writers ever share.

There is no lock in S3, and a writer that everybody has given up may still have a part under way:
had the next writer used the same number, the late part would take the place of one that counts. So
a number is claimed before it is used, by an object ``{folder}claim-{first}-{last}-{token}``:

1. list the claims, and put one behind the last of them;
2. list them again: the numbers are ours only when nobody else's claim touches ours.

Of two who claim the same numbers at most one gets them. Had both, each would have listed before the
other put: list 1 < put 2 < list 2 < put 1 < list 1. This needs a store whose lists show at once
what was put (Amazon's since 2020, and those made after it), and no conditional requests.

Numbers ascend with the position of the bytes, as completing demands. Whoever goes on with an upload
was given its notes after the database had stopped marking what the writer before did; so whatever
is in these notes was claimed before, and the new claim lies behind it. What the stale writer still
claims may lie further behind, but is never noted.

A claim grows with what its writer has sent, so that about a quarter of the numbers at most is lost
when a writer ends, and there is about one claim for ``MOST`` parts.
"""

from __future__ import annotations

import random
import secrets
import time
from typing import Final

from hub.blobs.s3_bucket import Bucket
from hub.blobs.s3_parts import MAX_NUMBER
from hub.blobs.store import StoreAway, StoreFull

MOST: Final = 32
TRIES: Final = 8


class Numbers:
    """Of one writer; used by one thread at a time.

    Args:
        folder: key prefix of what belongs to the upload.
    """

    def __init__(self, bucket: Bucket, folder: str) -> None:
        self._bucket = bucket
        self._folder = folder
        self._free = range(0)
        self._taken = 0

    def take(self) -> int:
        """A number that nobody has used, above all that were noted.

        Raises:
            StoreFull: there is none left, after thousands of writers that came to nothing.
        """
        if not self._free:
            self._free = self._claim(max(1, min(MOST, self._taken // 3)))
        number, self._free = self._free[0], self._free[1:]
        self._taken += 1
        return number

    def _claim(self, count: int) -> range:
        known = self._claims()
        for attempt in range(TRIES):
            first = max((numbers.stop for numbers in known.values()), default=1)
            # Who met somebody leaves a few numbers out, so as not to meet them again.
            first += random.randrange(4 * attempt + 1)  # noqa: S311
            last = min(first + count - 1, MAX_NUMBER)
            if first > last:
                raise StoreFull("This upload was interrupted too often; it must begin anew.")
            key = f"{self._folder}claim-{first:05d}-{last:05d}-{secrets.token_hex(8)}"
            self._bucket.put(key, b"")
            known = self._claims()
            others = [numbers for other, numbers in known.items() if other != key]
            if key in known and all(one.stop <= first or last < one.start for one in others):
                return range(first, last + 1)
            time.sleep(random.uniform(0, 0.05))  # noqa: S311
        raise StoreAway("Too many write one upload at once.")

    def _claims(self) -> dict[str, range]:
        found: dict[str, range] = {}
        for item in self._bucket.list(f"{self._folder}claim-"):
            first, last = item.key.rpartition("claim-")[2].split("-")[:2]
            found[item.key] = range(int(first), int(last) + 1)
        return found
