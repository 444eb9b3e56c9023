"""Places, parts, notes and plans of an object store."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.blobs.s3_parts import (
    COPY_BYTES,
    LEAST_BYTES,
    MIB,
    PART_BYTES,
    Place,
    Range,
    parse_place,
    part_bytes,
    plan_join,
)


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("s3://files", Place("files", "", None, "us-east-1")),
        ("s3://files/", Place("files", "", None, "us-east-1")),
        ("s3://files/hub/one/", Place("files", "hub/one/", None, "us-east-1")),
        (
            "s3://my.files-2/hub?endpoint=https://store.example:9000&region=eu-west-1",
            Place("my.files-2", "hub/", "https://store.example:9000", "eu-west-1"),
        ),
        (
            "s3://files?endpoint=http%3A%2F%2F%5B%3A%3A1%5D%3A9000%2F",
            Place("files", "", "http://[::1]:9000", "us-east-1"),
        ),
    ],
)
def test_a_place_is_read(url: str, place: Place) -> None:
    assert parse_place(url) == place


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("https://files.example/", "begins with s3://"),
        ("s3:///prefix", "names no bucket"),
        ("s3://ab", "names no bucket"),
        ("s3://Files", "names no bucket"),
        ("s3://key:sesame@files", "do not belong in the URL"),
        ("s3://files/a//b", "prefix"),
        ("s3://files/../b", "prefix"),
        ("s3://files/.uploads", "prefix"),
        ("s3://files/a#b", "prefix"),
        ("s3://files?secret=sesame", "one endpoint and one region"),
        ("s3://files?region=", "one endpoint and one region"),
        ("s3://files?region=a&region=b", "one endpoint and one region"),
        ("s3://files?endpoint=store.example", "http or https"),
        ("s3://files?endpoint=ftp://store.example", "http or https"),
        ("s3://files?endpoint=https://store.example/box", "a scheme, a host and a port"),
        ("s3://files?endpoint=https://u:sesame@store.example", "a scheme, a host and a port"),
        ("s3://files?endpoint=https://store.example:99999", "no possible port"),
    ],
)
def test_what_is_wrong_with_a_place_is_said(url: str, words: str) -> None:
    with pytest.raises(ValueError, match=words) as met:
        parse_place(url)
    assert "sesame" not in str(met.value)


@given(st.integers(0, 50 * 2**40))
def test_parts_are_whole_mib_and_not_too_many(size: int) -> None:
    part = part_bytes(size)
    assert part % MIB == 0
    assert part >= PART_BYTES
    assert -(-size // part) <= 5000
    assert part == PART_BYTES or (size / (part - MIB)) > 5000


@given(
    st.lists(
        st.one_of(st.integers(0, 10), st.integers(0, 3 * LEAST_BYTES), st.integers(0, 2**34)),
        max_size=64,
    )
)
def test_a_plan_has_all_bytes_in_their_order_and_no_small_part(sizes: list[int]) -> None:
    plan = plan_join(sizes, COPY_BYTES)
    flat = [one for ranges in plan for one in ranges]
    at = dict.fromkeys(range(len(sizes)), 0)
    for source, start, end in flat:
        assert at[source] == start < end
        at[source] = end
    assert [one.source for one in flat] == sorted(one.source for one in flat)
    assert list(at.values()) == sizes
    lengths = [sum(end - start for _, start, end in ranges) for ranges in plan]
    assert all(one >= LEAST_BYTES for one in lengths[:-1])
    assert max(lengths, default=0) <= COPY_BYTES
    assert all(
        one <= LEAST_BYTES for one, ranges in zip(lengths, plan, strict=True) if len(ranges) > 1
    )


def test_what_is_large_is_copied_and_what_is_small_is_put_together() -> None:
    assert plan_join([10, 3, 25, 4], most=20, least=10) == [
        (Range(0, 0, 10),),
        (Range(1, 0, 3), Range(2, 0, 7)),
        (Range(2, 7, 25),),
        (Range(3, 0, 4),),
    ]
