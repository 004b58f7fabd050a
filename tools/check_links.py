"""Check every internal link, anchor and asset of the built book (no network)."""
from __future__ import annotations

import sys
from functools import cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

from bs4 import BeautifulSoup

ROOT = Path(sys.argv[1] if len(sys.argv) > 1 else "book/_build/html").resolve()


@cache
def soup(path: Path) -> BeautifulSoup:
    return BeautifulSoup(path.read_text("utf8"), "html.parser")


@cache
def anchors(path: Path) -> frozenset[str]:
    return frozenset(v for t in soup(path).find_all(True)
                     for v in (t.get("id"), t.get("name")) if v)


bad, external, seen = [], set(), 0
for page in sorted(p for p in ROOT.rglob("*.html") if "_static" not in p.parts):
    for tag in soup(page).find_all(["a", "img", "script", "link", "iframe", "object"]):
        url = tag.get("href") or tag.get("src") or tag.get("data")
        if not url:
            continue
        parts = urlsplit(url)
        if parts.scheme == "data":  # stands in the page itself
            continue
        if parts.scheme or parts.netloc:
            external.add((tag.name, url))
            continue
        seen += 1
        target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
        if not target.exists():
            bad.append(f"{page.relative_to(ROOT)}: no file for {url}")
        elif "=" in parts.fragment:  # a selection that a script reads, not an anchor
            continue
        elif parts.fragment and target.suffix == ".html" and parts.fragment != "top":
            if unquote(parts.fragment) not in anchors(target):
                bad.append(f"{page.relative_to(ROOT)}: no anchor for {url}")
loaded = sorted(u for n, u in external if n in ("script", "link", "img", "iframe"))
print(f"{seen} internal links, {len(bad)} broken; {len(external)} external, "
      f"of which loaded at view time: {loaded or 'none'}")
print(*bad, sep="\n", end="\n" if bad else "")
sys.exit(bool(bad or loaded))
