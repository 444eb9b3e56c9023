from hub.mail.search import cut, fold, split_words
from hub.wire.excerpt import plain
from tests.support import hostile


def test_fold_drops_case_and_accents() -> None:
    assert fold("Faktúru ŠTVRTOK Żółw ＡＢＣ ﬁ İ") == "fakturu stvrtok zołw abc fi i"
    assert fold("e\u0316\u0301") == "e"


def test_split_words_keeps_letters_and_digits_only() -> None:
    words = ["pia", "holm", "south", "example", "v1", "2", "x"]
    assert split_words("pia.holm@south.example, v1.2 & 'x':*") == words


def test_split_words_does_not_depend_on_the_place_in_a_word() -> None:
    # A sigma at the end of a word has a small letter of its own.
    assert split_words("ΟΔΟΣ") == split_words("οδοσ")


def test_cut_marks_words_in_utf16_units() -> None:
    snippet, marks = cut("🙂 the Faktúra, and faktúry", ["fakt"])
    assert snippet == "🙂 the Faktúra, and faktúry"
    assert marks == [(7, 11), (20, 24)]


def test_cut_begins_at_a_word_before_the_hit() -> None:
    snippet, marks = cut("far " * 100 + "needle " + "away " * 100, ["needle"])
    assert snippet.startswith("…far ")
    assert snippet.endswith("…")
    assert [snippet[start:end] for start, end in marks] == ["needle"]


def test_split_words_takes_time_in_proportion_to_the_text() -> None:
    hostile.assert_linear(split_words)


def test_a_snippet_takes_time_in_proportion_to_the_text() -> None:
    hostile.assert_linear(lambda text: cut(plain(text), ["a", "word", "7", "b"]), 5_000)
