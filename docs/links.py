"""Check the links within the built site: ``python docs/links.py docs/_build``; no network.

Every ``href`` and ``src`` that leads to a file of the site must lead to one that is there, and
every ``#fragment`` to an element that has this id. Links to other hosts are counted, not opened.
"""

from __future__ import annotations

import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

_LINKS = {"a": "href", "img": "src", "link": "href", "script": "src", "source": "src"}


class _Page(HTMLParser):
    """The ids of a page, and its links as they are written."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        own = dict(attrs)
        self.ids.update(value for key in ("id", "name") if (value := own.get(key)))
        link = own.get(_LINKS.get(tag, ""))
        if link:
            self.links.append(link)


def broken(site: Path) -> tuple[list[str], int, int]:
    """What is wrong with the links of a site.

    Returns
    -------
    list of str
        A line for each broken link: the page, the link and what is missing.
    int, int
        How many links within the site there are, and how many to elsewhere.
    """
    root = site.resolve()
    files = [path for path in sorted(root.rglob("*.html")) if "_static" not in path.parts]
    pages = {path: _Page(path.read_text(encoding="utf-8")) for path in files}
    wrong, inside, outside = [], 0, 0
    for path, page in pages.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                outside += 1
                continue
            inside += 1
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            fragment = unquote(parts.fragment)
            where = f"{path.relative_to(root)}: {link}"
            if not target.is_file():
                wrong.append(f"{where}: there is no such file")
            elif fragment and target in pages and fragment not in pages[target].ids:
                wrong.append(f"{where}: that page has no '{fragment}'")
    return wrong, inside, outside


def main(folder: str) -> int:
    """Print what is broken; the exit code is 1 if anything is, or if there is no site."""
    site = Path(folder)
    if not (site / "index.html").is_file():
        print(f"{site} holds no index.html; build the site first", file=sys.stderr)
        return 1
    wrong, inside, outside = broken(site)
    print(
        "\n".join([*wrong, f"{inside} links within the site, {len(wrong)} broken; {outside} out"])
    )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
