"""The genuine ``caldav`` client, driven by JSON lines: ``{"do": …}`` in, its result or
``{"failed": class, "said": …}`` out. Runs in an environment of its own (requirements/peers.txt)."""

from __future__ import annotations

import json
import sys
from datetime import datetime
from typing import Any

import caldav
from caldav.lib import error


class Peer:
    def __init__(self, url: str, user: str, password: str) -> None:
        self.client = caldav.DAVClient(url=url, username=user, password=password)
        self.calendars: dict[str, Any] = {}
        self.loaded: dict[str, Any] = {}
        self.synced: dict[str, Any] = {}

    def discover(self) -> Any:
        principal = self.client.principal()
        for one in principal.calendars():
            self.calendars[one.get_display_name()] = one
        return {
            "principal": str(principal.url.path),
            "addresses": [str(one) for one in principal.calendar_user_address_set()],
            "calendars": {
                name: one.get_supported_components() for name, one in self.calendars.items()
            },
        }

    def add(self, calendar: str, ical: str) -> Any:
        kind = caldav.Todo if "BEGIN:VTODO" in ical else caldav.Event
        made = self.calendars[calendar].add_object(kind, ical, no_overwrite=True)
        self.loaded[str(made.url)] = made
        return str(made.url)

    def search(self, calendar: str, **wanted: Any) -> Any:
        for name in ("start", "end"):
            if name in wanted:
                wanted[name] = datetime.fromisoformat(wanted[name])
        found = self.calendars[calendar].search(**wanted)
        self.loaded |= {str(one.url): one for one in found}
        return [[str(one.url), one.data] for one in found]

    def by_uid(self, calendar: str, uid: str) -> Any:
        found = self.calendars[calendar].get_object_by_uid(uid)
        self.loaded[str(found.url)] = found
        return [str(found.url), found.data]

    def load(self, url: str) -> Any:
        one = self.loaded.get(url)
        if one is None:
            tasks = self.calendars["Tasks"]
            is_task = url.startswith(str(tasks.url))
            kind = caldav.Todo if is_task else caldav.Event
            parent = tasks if is_task else self.calendars["Meetings"]
            one = kind(client=self.client, url=url, parent=parent)
        one.load()
        self.loaded[url] = one
        return one.data

    def put(self, url: str, ical: str) -> Any:
        """As it was read, but for a text: with If-Match if that was read."""
        one = self.loaded[url]
        one.data = ical
        one.save()
        return one.data

    def complete(self, url: str) -> Any:
        one = self.loaded[url]
        task = caldav.Todo(client=self.client, url=url, data=one.data, parent=one.parent)
        task.props |= one.props
        task.complete()
        return task.data

    def send(self, calendar: str, name: str, ical: str) -> Any:
        """A text as it stands; status and what is read at its address afterwards."""
        url = self.calendars[calendar].url.join(name)
        put = self.client.put(str(url), ical, {"Content-Type": "text/calendar; charset=utf-8"})
        return [put.status, self.client.request(str(url)).raw]

    def delete(self, url: str) -> Any:
        self.loaded[url].delete()

    def sync(self, calendar: str) -> Any:
        if calendar not in self.synced:
            self.synced[calendar] = self.calendars[calendar].get_objects_by_sync_token(
                load_objects=True
            )
            changed, gone = list(self.synced[calendar]), []
        else:
            changed, gone = self.synced[calendar].sync()
        self.loaded |= {str(one.url): one for one in changed}
        return {
            "token": self.synced[calendar].sync_token,
            "changed": [[str(one.url), one.data] for one in changed],
            "gone": [str(one.url) for one in gone],
        }


def main() -> None:
    peer = Peer(*sys.argv[1:4])
    for line in sys.stdin:
        order = json.loads(line)
        try:
            result = getattr(peer, order.pop("do"))(**order)
        except (error.DAVError, AssertionError) as failure:
            result = {"failed": type(failure).__name__, "said": str(failure)}
        print(json.dumps(result), flush=True)


main()
