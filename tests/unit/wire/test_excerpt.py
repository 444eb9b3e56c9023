import random

import pytest

from hub.wire.excerpt import excerpt, plain
from tests.support import hostile


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("**bold** and _it_ and `code`", "bold and it and code"),
        ("# Title\n\n- one\n- two\n3. three", "Title one two three"),
        ("> quoted\nplain", "quoted plain"),
        ("see [the page](https://example.org/a_b) now", "see the page now"),
        ("![a picture](x.png)![b](y.png)", "a pictureb"),
        ("[not] [a (link)] [x](y", "[not] [a (link)] [x](y"),
        ("[[a](b)](c)", "[a](c)"),
        ("```js\nlet a_b = 1\n```", "let a_b = 1"),
        ("\n\n  ~~~\ncode\n~~~", "code"),
        ("snake_case stays, ümlaut_too", "snake_case stays, ümlaut_too"),
        ("-\nalone\n\n1.\n#", "alone #"),
        ("-dash #tag 12.5 ####### seven", "-dash #tag 12.5 ####### seven"),
        ("> - one mark a line", "- one mark a line"),
        ("a\r\n\r\n- b\r\n", "a b"),
        (" \n\t", ""),
    ],
)
def test_plain_takes_the_marks_off(text: str, words: str) -> None:
    assert plain(text) == words


def test_excerpt_cuts_at_a_word() -> None:
    assert excerpt("word " * 100) == "word " * 27 + "word…"
    assert excerpt("x" * 500) == "x" * 139 + "…"


def test_plain_takes_time_in_proportion_to_the_text() -> None:
    hostile.assert_linear(plain)


def test_excerpt_takes_time_in_proportion_to_the_text() -> None:
    hostile.assert_linear(excerpt)


def test_plain_of_random_marks_is_one_line() -> None:
    rng = random.Random(7)
    for _ in range(2_000):
        text = "".join(rng.choices(["a", " ", "\n", "```", "- ", "1.", "[", "](", ")", "*"], k=12))
        assert plain(text) == " ".join(plain(text).split())
