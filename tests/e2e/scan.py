"""Looks at one state of the client as axe, and as a person who cannot scroll sideways, would."""

from __future__ import annotations

import functools
import json
import os
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from playwright.async_api import Page

ROOT = Path(__file__).parent.parent.parent
REGISTRY = ROOT / "web" / "src" / "app" / "registry.ts"
SCREENSHOTS = Path(__file__).parent / "screenshots"
AXE = (ROOT / "web" / "node_modules" / "axe-core" / "axe.min.js").read_text()
THEMES = ("light", "dark")
WIDTHS = [int(one) for one in os.environ.get("HUB_SCAN_WIDTHS", "").split(",") if one]
"""Each state is looked at in these (pixels), too: ``HUB_SCAN_WIDTHS=1440,1000,390``."""
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

_STATE = re.compile(r"\{ id: '([^']+)', route: '([^']+)', about: '([^']+)' \}")
_ROUTE = re.compile(r"^  (\w+): '([^']+)',$", re.MULTILINE)

_RUN = """async (tags) => {
  // Fonts and the theme's colours must be there before contrast is measured.
  await document.fonts.ready;
  const result = await axe.run(document, {
    runOnly: { type: 'tag', values: tags },
    rules: { 'target-size': { enabled: true } },
    resultTypes: ['violations'],
    preload: false,
  });
  return result.violations.map(({ id, help, nodes }) => ({
    id, help,
    nodes: nodes.map(({ target, html, any, all, none }) => ({
      target: target.join(' '), html: html.slice(0, 200),
      why: [...any, ...all, ...none].map((check) => check.message).join('; '),
    })),
  }));
}"""

# The headings of a document are its text, not the page's.
_HEADINGS = """() => [...document.querySelectorAll('h1')]
  .filter((one) => one.checkVisibility() && !one.closest('[role=textbox]'))
  .map((one) => one.textContent.trim())"""

# What may scroll sideways by itself: code, tables, a week, and bars of tools or tabs.
_SIDEWAYS = """() => [...document.querySelectorAll('*')].filter((one) => {
  if (one.scrollWidth <= one.clientWidth + 1 || one.clientWidth === 0) return false;
  if (one === document.documentElement) return true;
  if (!/auto|scroll/.test(getComputedStyle(one).overflowX)) return false;
  return !one.closest(
    'pre, .tableWrapper, .week, .cm-editor, [role=toolbar], [role=tablist], input, nav');
}).map((one) => `${one.tagName.toLowerCase()}.${one.className}`)"""

_LAID_OUT = """() => new Promise((resolve) =>
  requestAnimationFrame(() => requestAnimationFrame(resolve)))"""


def states() -> dict[str, str]:
    """The registry: id of a state, and its route."""
    found = {name: route for name, route, _ in _STATE.findall(REGISTRY.read_text())}
    assert len(found) == REGISTRY.read_text().count("{ id: "), "an entry is not on one line"
    return found


def routes() -> dict[str, str]:
    """The registry: name of a route, and an address of it."""
    text = REGISTRY.read_text()
    return dict(_ROUTE.findall(text[text.index("export const ROUTES") :]))


async def violations(page: Page) -> list[dict[str, Any]]:
    """What axe has against the page as it is."""
    if not await page.evaluate("'axe' in window"):
        # The page's policy lets no script in; the debugger may still evaluate one.
        await page.evaluate(f"() => {{ {AXE} }}")
    found: list[dict[str, Any]] = await page.evaluate(_RUN, TAGS)
    return found


async def headings(page: Page) -> list[str]:
    """The visible first-level headings of the page itself."""
    found: list[str] = await page.evaluate(_HEADINGS)
    return found


async def sideways(page: Page) -> list[str]:
    """What would have to be scrolled sideways."""
    found: list[str] = await page.evaluate(_SIDEWAYS)
    return found


class Scan:
    """Called with a page and the id of the state it is in; collects what is wrong."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self._found: dict[str, list[str]] = {}

    @property
    def problems(self) -> str:
        """What is wrong, each once, with the states it was met in."""
        return "\n\n".join(f"{what}\n    in {', '.join(at)}" for what, at in self._found.items())

    def _note(self, what: str, at: str) -> None:
        self._found.setdefault(what, []).append(at)

    async def __call__(self, page: Page, state: str) -> None:
        self.seen.append(state)
        SCREENSHOTS.mkdir(exist_ok=True)
        for theme in THEMES:
            await page.evaluate(
                "(theme) => { document.documentElement.dataset.theme = theme }", theme
            )
            for found in await violations(page):
                for node in found["nodes"]:
                    self._note(
                        f"{found['id']}: {found['help']}\n"
                        f"    {node['target']}\n    {node['html']}\n    {node['why']}",
                        f"{state} ({theme})",
                    )
            await page.screenshot(path=SCREENSHOTS / f"{state}-{theme}.png")
        titles = await headings(page)
        if len(titles) != 1:
            self._note(f"first-level headings: {json.dumps(titles)}", state)
        if wide := await sideways(page):
            self._note(f"scrolls sideways: {', '.join(wide)}", state)
        for width in WIDTHS:
            await self._look(page, state, width)

    async def _look(self, page: Page, state: str, width: int) -> None:
        before = page.viewport_size
        assert before is not None
        await page.set_viewport_size({"width": width, "height": 900 if width > 500 else 844})
        await page.evaluate(_LAID_OUT)
        if wide := await sideways(page):
            self._note(f"scrolls sideways at {width}: {', '.join(wide)}", state)
        for theme in THEMES:
            await page.evaluate(
                "(theme) => { document.documentElement.dataset.theme = theme }", theme
            )
            folder = SCREENSHOTS / str(width)
            folder.mkdir(exist_ok=True)
            await page.screenshot(path=folder / f"{state}-{theme}.png")
        await page.set_viewport_size(before)
        await page.evaluate(_LAID_OUT)


REACHED: dict[str, str] = {}
"""Each state and the test that reaches it."""

Test = Callable[..., Awaitable[None]]


def reaches(*ids: str) -> Callable[[Test], Test]:
    """The states a test scans through its ``scan`` fixture; it fails when it leaves one out."""

    def decorate(test: Test) -> Test:
        for name in ids:
            assert name not in REACHED, f"{name} is reached by {REACHED[name]} already"
            REACHED[name] = test.__name__

        @functools.wraps(test)
        async def run(*args: Any, scan: Scan, **kwargs: Any) -> None:
            await test(*args, scan=scan, **kwargs)
            assert not scan.problems, f"\n\n{scan.problems}"
            assert sorted(scan.seen) == sorted(ids)

        return run

    return decorate
