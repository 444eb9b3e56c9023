"""Markdown goes into documents and back: what nobody touched stays as it is."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.formats.markdown import keeping, reader, writer
from hub.formats.tree import Node

# --- trees that a document may be -----------------------------------------------------------------

WORDS = st.text(alphabet="ab é*_`[]()<>#|~\\!&;.-+1=:\n", min_size=1, max_size=8)
MARKS = st.dictionaries(
    st.sampled_from(("bold", "italic", "strike", "code", "underline")), st.just({}), max_size=2
)
LINKS = st.one_of(
    st.just({}),
    st.builds(
        lambda href, title: {"link": {"href": href, **({"title": title} if title else {})}},
        st.sampled_from(("https://a.example/x_y", "b c", "(x)", "&copy;", "<x>", "a\\b")),
        st.sampled_from((None, 'ti"tle', "&amp; t")),
    ),
)


def text(words: str, marks: dict[str, Any], link: dict[str, Any]) -> Node:
    return Node("text", text=words, marks={**marks, **link})


INLINE = st.lists(
    st.one_of(
        st.builds(text, WORDS, MARKS, LINKS),
        st.just(Node("hardBreak")),
        st.builds(
            lambda src, alt: Node("inlineImage", {"src": src, "alt": alt}),
            st.sampled_from(("a.png", "x y.png")), st.sampled_from(("", "alt *x*")),
        ),
    ),
    max_size=4,
)  # fmt: skip


def paragraph(children: list[Node]) -> Node:
    return Node("paragraph", children=children)


PARAGRAPH = st.builds(paragraph, INLINE)
LEAVES = st.one_of(
    PARAGRAPH,
    st.builds(lambda level, of: Node("heading", {"level": level}, of), st.integers(1, 6), INLINE),
    st.builds(
        lambda code, language: Node(
            "codeBlock", {"language": language}, [Node("text", text=code)] if code else []
        ),
        st.text(alphabet="a `~\n#\t", max_size=12).map(lambda code: code.strip("\n")),
        st.sampled_from((None, "py", "c++ x", "a`b")),
    ),
    st.just(Node("horizontalRule")),
    st.builds(
        lambda rows: Node(
            "table",
            children=[
                Node(
                    "tableRow",
                    children=[
                        Node("tableHeader" if row == 0 else "tableCell", children=[paragraph(cell)])
                        for cell in cells
                    ],
                )
                for row, cells in enumerate(rows)
            ],
        ),
        st.integers(1, 3).flatmap(
            lambda width: st.lists(
                st.lists(INLINE, min_size=width, max_size=width), min_size=1, max_size=3
            )
        ),
    ),
)


def holders(inner: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    def items(kind: str, blocks: list[list[Node]], attrs: dict[str, Any]) -> Node:
        item = "taskItem" if kind == "taskList" else "listItem"
        # Items without words, within one another, are read in more than one way.
        blocks = [one if says(one) else [paragraph([Node("text", text="a")])] for one in blocks]
        if item == "taskItem":  # a box stands before words
            blocks = [one if says(one[:1]) else one[:1] for one in blocks]
        children = [
            Node(item, {"checked": index % 2 == 1} if item == "taskItem" else {}, one)
            for index, one in enumerate(blocks)
        ]
        return Node(kind, attrs if kind == "orderedList" else {}, children)

    some = st.lists(inner, min_size=1, max_size=3)
    begun = st.builds(lambda first, rest: [first, *rest], PARAGRAPH, st.lists(inner, max_size=2))
    return st.one_of(
        st.builds(lambda of: Node("blockquote", children=of), some),
        st.builds(
            items, st.sampled_from(("bulletList", "orderedList", "taskList")),
            st.lists(begun, min_size=1, max_size=3),
            st.sampled_from(({}, {"start": 3})),
        ),
    )  # fmt: skip


BLOCKS = st.lists(st.recursive(LEAVES, holders, max_leaves=4), max_size=4)


def says(nodes: list[Node]) -> list[bytes]:
    return keeping.keys([one for one in nodes if not keeping.is_nothing(one)])


@settings(max_examples=300, deadline=None)
@given(BLOCKS)
def test_what_is_written_says_what_the_document_says(nodes: list[Node]) -> None:
    assert says(reader.nodes_of(writer.text_of(nodes))) == says(nodes)


@settings(max_examples=200, deadline=None)
@given(BLOCKS, st.sampled_from(("", "---\na: 1\n---\n\n", "\n\n", "[r]: /x\n\n")), BLOCKS)
def test_what_is_saved_says_what_the_document_says(
    old: list[Node], lead: str, new: list[Node]
) -> None:
    source = lead + writer.text_of(old)
    assert keeping.rewritten(source, reader.nodes_of(source)) == source
    assert says(reader.nodes_of(keeping.rewritten(source, new))) == says(new)


# --- files as people write them -------------------------------------------------------------------

FILE = """\
+++
title = "x"
+++

Heading
=======

Some *emphasised* and _underscored_ text, wrapped
over __lines__ with a [reference] and &copy;\u00a0entity.\x20\x20
Next line\\
third[^n] <kbd>Ctrl</kbd> <u>under</u> ![icon](i.png 'T')

* star
* list with `code`

    second paragraph
+ other list

3) three
4) four
   1. nested

- [ ] todo
- [X] done

> quote
lazy

| a   | b    |
|:----|-----:|
| one | two \\| x |

~~~ python
def f():

    return 1
~~~

    indented

<details>
<summary>More</summary>
</details>

<!-- comment -->

* * *

[reference]: https://a.example "Title"

[^n]: A note
    with a second line.
"""


def leaves(nodes: list[Node]) -> Iterator[Node]:
    for node in nodes:
        if node.type == "text" and node.text.strip():
            yield node
        yield from leaves(node.children)


def test_a_file_that_nobody_changed_is_the_same() -> None:
    for source in (FILE, FILE.rstrip("\n"), "\n\n" + FILE + "\n\n", FILE.replace("\n", "\n\n")):
        assert keeping.rewritten(source, reader.nodes_of(source)) == source


@pytest.mark.parametrize(
    ("word", "new", "line"),
    [
        ("Some ", "Many ", "Many *emphasised* and _underscored_ text, wrapped"),
        ("lines", "rows", "over __rows__ with a [reference] and &copy;\u00a0entity.  "),
        ("Heading", "Title", "Title"),
        ("star", "sun *x*", "* sun \\*x\\*"),
        ("second paragraph", "2nd", "    2nd"),
        ("nested", "inner", "   1. inner"),
        ("done", "made", "- [X] made"),
        ("two | x", "2 | y", "| one | 2 \\| y |"),
        ("def f():\n\n    return 1", "def g():\n\n    return 1", "def g():"),
        ("indented", "moved", "    moved"),
        ("A note with a second line.", "One note with a second line.", "[^n]: One note"),
    ],
)
def test_a_change_changes_its_line(word: str, new: str, line: str) -> None:
    nodes = copy.deepcopy(reader.nodes_of(FILE))
    for paragraph_ in _paragraphs(nodes):
        _join(paragraph_)
    found = next(leaf for leaf in leaves(nodes) if word in leaf.text)
    found.text = found.text.replace(word, new)
    saved = keeping.rewritten(FILE, nodes)
    before, after = FILE.splitlines(), saved.splitlines()
    changed = [
        (one, other) for one, other in zip(before, after, strict=True) if one != other
    ]  # as many lines as before
    assert [other for _, other in changed] == [line]


def _paragraphs(nodes: list[Node]) -> Iterator[Node]:
    for node in nodes:
        yield node
        yield from _paragraphs(node.children)


def _join(node: Node) -> None:
    """Runs that say one thing, as an editor has them."""
    joined: list[Node] = []
    for child in node.children:
        last = joined[-1] if joined else None
        if last and last.type == child.type == "text" and last.marks == child.marks:
            last.text += child.text
        else:
            joined.append(child)
    node.children = joined


def test_new_blocks_stand_apart() -> None:
    nodes = reader.nodes_of("one\n\n\n\ntwo\n")
    new = [nodes[0], Node("heading", {"level": 2}, [Node("text", text="New")]), nodes[1]]
    assert keeping.rewritten("one\n\n\n\ntwo\n", new) == "one\n\n## New\n\n\n\ntwo\n"
    assert keeping.rewritten("one", [*reader.nodes_of("one"), new[1]]) == "one\n\n## New"
    assert keeping.rewritten("", [new[1]]) == "## New\n"
    assert keeping.rewritten("one\n\ntwo\n", [nodes[1]]) == "two\n"


def test_line_ends_are_none_of_its_business() -> None:
    """A file's own are kept by ``plaintext``; here lines end with LF."""
    assert says(reader.nodes_of("a\r\nb\r\n\r\n- c\r\n")) == says(reader.nodes_of("a\nb\n\n- c\n"))
