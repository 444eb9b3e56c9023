"""Calendars line by line: nothing that stands there is lost."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.agenda import lines
from hub.agenda.lines import Block, Line
from hub.errors import BadRequest, TooLarge

TEXT = (
    b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nX-WR-CALNAME:Mine\r\nbegin:vtodo\r\nUID:a\r\n"
    b'ATTENDEE;PARTSTAT=NEEDS-ACTION;CN="Okafor; Ada":mailto:ada@north.example\r\n'
    b"summary;LANGUAGE=en:Chairs\\, and\\ntables\r\nX-FOO;X-P=a;X-P=b:raw\r\n"
    b"BEGIN:VALARM\r\nTRIGGER:-PT15M\r\nEND:VALARM\r\nEND:VTODO\r\nEND:VCALENDAR\r\n"
)


def todo() -> tuple[Block, Block]:
    (calendar,) = lines.read(TEXT)
    (one,) = calendar.blocks("VTODO")
    return calendar, one


def test_what_stands_there_is_read() -> None:
    _, one = todo()
    summary = one.first("SUMMARY")
    assert summary is not None
    assert (summary.text, summary.param("LANGUAGE")) == ("Chairs, and\ntables", "en")
    attendee = one.first("ATTENDEE")
    assert attendee is not None
    assert attendee.param("CN") == "Okafor; Ada"
    assert [block.name for block in one.blocks()] == ["VALARM"]


def test_what_is_changed_leaves_the_rest_where_it_was() -> None:
    calendar, one = todo()
    one.put(Line("SUMMARY", lines.escape("Tables; 2")), Line("STATUS", "COMPLETED"))
    one.drop("X-FOO")
    assert lines.unfolded(lines.write(calendar)) == [
        "BEGIN:VCALENDAR", "VERSION:2.0", "X-WR-CALNAME:Mine", "BEGIN:VTODO", "UID:a",
        'ATTENDEE;PARTSTAT=NEEDS-ACTION;CN="Okafor; Ada":mailto:ada@north.example',
        "SUMMARY:Tables\\; 2", "STATUS:COMPLETED", "BEGIN:VALARM", "TRIGGER:-PT15M", "END:VALARM",
        "END:VTODO", "END:VCALENDAR",
    ]  # fmt: skip


def test_nothing_is_lost_on_the_way() -> None:
    calendar, _ = todo()
    before = [line.upper() if ":V" in line.upper()[:8] else line for line in lines.unfolded(TEXT)]
    after = lines.unfolded(lines.write(calendar))
    assert [line.replace("begin", "BEGIN") for line in before] == after


def test_long_lines_are_folded_between_characters() -> None:
    block = Block("VTODO", [Line("SUMMARY", "ž😀" * 100)])
    data = lines.write(block)
    assert all(len(line) <= 75 for line in data.split(b"\r\n"))
    for line in data.split(b"\r\n"):
        line.decode()
    assert lines.unfolded(data)[1] == "SUMMARY:" + "ž😀" * 100


@pytest.mark.parametrize(
    "data",
    [b"", b"\n\n", b"hello", b"VERSION:2.0", b"BEGIN:VCALENDAR", b"BEGIN:VCALENDAR\nEND:VTODO",
     b"END:VCALENDAR", b"BEGIN:A\n" * 10 + b"END:A\n" * 10],
)  # fmt: skip
def test_what_is_no_calendar_is_refused(data: bytes) -> None:
    with pytest.raises(BadRequest) as refused:
        lines.read(data)
    assert refused.value.code == "bad_calendar"


@pytest.mark.parametrize(
    "data", [b"x" * (lines.MAX_BYTES + 1), b"BEGIN:VCALENDAR\n" + b"A:1\n" * 60_000]
)
def test_what_is_too_large_is_refused(data: bytes) -> None:
    with pytest.raises(TooLarge) as refused:
        lines.read(data)
    assert refused.value.code == "calendar_too_large"


def test_encodings_and_ends_of_lines_of_older_programs() -> None:
    (block,) = lines.read("\ufeffBEGIN:VTODO\rSUMMARY:Stühle\rEND:VTODO".encode())
    assert block.lines("SUMMARY")[0].text == "Stühle"
    (block,) = lines.read("BEGIN:VTODO\nSUMMARY:Stühle\nEND:VTODO\n".encode("cp1252"))
    assert block.lines("SUMMARY")[0].text == "Stühle"


def test_a_line_that_is_no_property_stays() -> None:
    data = b"BEGIN:VTODO\r\nBADLINE\r\n=:x\r\nUID:a\r\nEND:VTODO\r\n"
    (block,) = lines.read(data)
    assert lines.write(block) == data
    assert block.first("UID") == Line("UID", "a")


@given(st.text(max_size=200))
def test_a_text_is_what_it_was(text: str) -> None:
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    told = "".join(char for char in text if char >= " " or char in "\n\t")
    assert lines.unescape(lines.escape(text)) == told


@given(st.text(max_size=200))
def test_a_text_is_one_line(text: str) -> None:
    (block,) = lines.read(lines.write(Block("VTODO", [Line("SUMMARY", lines.escape(text))])))
    assert [one.name for one in block.lines("SUMMARY")] == ["SUMMARY"]
    assert len(block.parts) == 1


def test_what_breaks_a_line_is_not_written() -> None:
    with pytest.raises(BadRequest, match="breaks"):
        lines.write(Block("VTODO", [Line("RRULE", "FREQ=DAILY\rEND:VTODO")]))


@given(st.text(alphabet=st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=50))
def test_a_parameter_is_what_it_was(value: str) -> None:
    value = value.strip() or "x"
    line = Line("ATTENDEE", "mailto:a@b", lines.parameter("CN", value))
    (block,) = lines.read(lines.write(Block("VTODO", [line])))
    assert block.lines("ATTENDEE")[0].param("CN") == value


PACKAGES = ("icalendar", "recurring_ical_events")
# Components that do not end.
BROKEN = {
    "big_bad_calendar", "fuzz_testcase_0_char_in_component_name", "fuzz_testcase_invalid_month",
    "issue_201_test_matrix", "issue_350", "pr_480_summary_with_colon", "small_bad_calendar",
    "timezone_same_start_and_offset",
}  # fmt: skip

NAMES = st.sampled_from(["SUMMARY", "X-FOO", "DUE", "ATTENDEE"])
VALUES = st.text(alphabet=st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=120)


@given(st.lists(st.tuples(NAMES, VALUES), max_size=8))
def test_any_lines_come_back(pairs: list[tuple[str, str]]) -> None:
    block = Block("VTODO", [Line(name, value) for name, value in pairs])
    (again,) = lines.read(lines.write(block))
    assert again == block


def files() -> list[Path]:
    """Real calendars, from the tests of packages that read them."""
    folders = [Path(str(find_spec(name).submodule_search_locations[0])) for name in PACKAGES]
    return sorted(path for folder in folders for path in folder.rglob("*.ics"))


def _whole(line: str) -> str:
    """Names of components are written in capitals."""
    line = line.lstrip()
    return line.strip().upper() if line[:6].upper().startswith(("BEGIN:", "END:")) else line


def test_real_calendars_come_back_whole() -> None:
    read = 0
    for path in files():
        data = path.read_bytes()
        try:
            calendars = lines.read(data)
        except BadRequest:
            assert path.stem in BROKEN
            continue
        written = b"".join(map(lines.write, calendars))
        assert lines.unfolded(written) == [_whole(line) for line in lines.unfolded(data)], path
        read += 1
    assert read > 200
