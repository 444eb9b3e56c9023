"""A text whose file was taken for another encoding, after somebody has changed it. Pure.

The same bytes read otherwise are no change of anybody: each character of the file that still stands
there becomes what it is, and what was written since stays where it is.
"""

from __future__ import annotations

from hub.formats import diff
from hub.formats.aligning import aligned
from hub.formats.merging import Edit, Merge, merge


def reread(base: str, mine: str, anew: str) -> Merge:
    """What makes ``mine``, which comes from ``base``, come from ``anew``, the same in the other
    encoding. ``changes`` are lines."""
    lines, ours, new = (one.splitlines(keepends=True) for one in (base, mine, anew))
    if [*map(len, lines)] != [*map(len, new)]:  # characters are of several bytes
        return merge(base, mine, anew, "ours")
    edits: list[Edit] = []
    lines_changed: set[int] = set()
    ends = _ends(ours)
    at = to = 0
    for match in [*diff.matches(lines, ours), diff.Match(len(lines), len(ours), 0)]:
        was, now = "".join(lines[at : match.a]), "".join(ours[to : match.b])
        then = "".join(new[at : match.a])
        for place, origin in enumerate(aligned(was, now) if was != then else ()):
            if origin is not None and then[origin] != was[origin]:
                edits.append(Edit(ends[to] + place, ends[to] + place + 1, then[origin]))
                lines_changed.add(at + was.count("\n", 0, origin))
        for index in range(match.size):
            old, line, start = lines[match.a + index], new[match.a + index], ends[match.b + index]
            if old == line:
                continue
            lines_changed.add(match.a + index)
            edits += [
                Edit(start + place, start + place + 1, one)
                for place, (one, other) in enumerate(zip(line, old, strict=True))
                if one != other
            ]
        at, to = match.a + match.size, match.b + match.size
    return Merge(_joined(edits), len(lines_changed), 0)


def _ends(lines: list[str]) -> list[int]:
    """Where each line begins, and where the last one ends."""
    found = [0]
    for line in lines:
        found.append(found[-1] + len(line))
    return found


def _joined(edits: list[Edit]) -> list[Edit]:
    joined: list[Edit] = []
    for one in edits:
        if joined and joined[-1].end == one.start:
            joined[-1] = Edit(joined[-1].start, one.end, joined[-1].text + one.text)
        else:
            joined.append(one)
    return joined
