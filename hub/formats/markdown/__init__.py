"""Markdown: CommonMark with tables, footnotes, strike-through, task lists and front matter.

source ─ reader ─► blocks: a tree each, and where it stands in the source
tree ─ writer ─► source, as plain as it can be, read again to be sure
source, tree ─ keeping ─► source: only the lines change in which the tree says something else
"""
