"""Print the built book, in the order of its sidebar, into one PDF with an outline and working links.

    python tools/make_pdf.py [HTML_FOLDER] [PDF]

Needs Chromium or Chrome (the first that is found, or the one that CHROMIUM names) and pypdf. Nothing is read from the network.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

from bs4 import BeautifulSoup
from pypdf import PdfReader, PdfWriter
from pypdf.generic import ArrayObject, DictionaryObject, NameObject

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
PATIENCE = 240  # seconds for one page, on a busy machine
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
         "--no-pdf-header-footer", "--run-all-compositor-stages-before-draw", "--virtual-time-budget=30000")


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


def chapters(html: Path) -> list[tuple[str, str, int]]:
    """Page, title and depth of everything in the sidebar, the front page first."""
    sidebar = BeautifulSoup((html / "intro.html").read_text("utf8"), "html.parser").select_one("nav.bd-links")
    found = {"intro.html": ("Front page", 0)}
    for link in sidebar.select("a[href$='.html']"):
        found.setdefault(link["href"], (link.get_text(" ", strip=True), len(link.find_parents("ul")) - 1))
    return [(page, title, depth) for page, (title, depth) in found.items()]


def printed(browser: str, url: str, target: Path) -> Path:
    """Print one page; the browser gets a profile of its own, so that several can print at once."""
    with tempfile.TemporaryDirectory() as profile:
        subprocess.run([browser, *FLAGS, f"--user-data-dir={profile}", f"--print-to-pdf={target}", url], check=True,
                       timeout=PATIENCE, capture_output=True)
    return target


def linked_inside(writer: PdfWriter, base: str, first: dict[str, int]) -> None:
    """Turn links to other pages of the book into links inside the file, and drop those to what is not in it."""
    for page in writer.pages:
        kept = ArrayObject()
        for reference in page.get("/Annots", []):
            action = reference.get_object().get("/A", {})
            address = str(action.get("/URI", ""))
            if address.startswith(base):
                name = urlsplit(address).path.lstrip("/")
                if name not in first:
                    continue
                goal = writer.pages[first[name]].indirect_reference
                reference.get_object()[NameObject("/A")] = DictionaryObject({
                    NameObject("/S"): NameObject("/GoTo"), NameObject("/D"): ArrayObject([goal, NameObject("/Fit")])})
            kept.append(reference)
        page[NameObject("/Annots")] = kept


def main(html: Path, pdf: Path) -> None:
    browser = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        sys.exit(f"a PDF needs one of {', '.join(BROWSERS)}; on Debian and Ubuntu: sudo apt install chromium")
    if not (html / "intro.html").exists():
        sys.exit(f"{html} has no built book; make book builds it")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=html))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    base = f"http://127.0.0.1:{server.server_port}/"
    pages = chapters(html)
    writer, first, above = PdfWriter(), {}, {}
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(os.cpu_count()) as pool:
        jobs = [pool.submit(printed, browser, base + page, Path(folder, f"{i}.pdf")) for i, (page, _, _) in enumerate(pages)]
        for (page, title, depth), job in zip(pages, jobs, strict=True):
            first[page] = len(writer.pages)
            writer.append(PdfReader(job.result()), import_outline=False)
            above[depth] = writer.add_outline_item(title, first[page], parent=above.get(depth - 1))
            print(f"{len(first)} of {len(pages)}: {title}", flush=True)
        linked_inside(writer, base, first)
        writer.add_metadata({"/Title": "Neural Arithmetic Units, reproduced"})
        writer.compress_identical_objects()
        part = pdf.with_suffix(".part")
        writer.write(part)
        part.replace(pdf)
    print(f"{pdf}: {len(writer.pages)} pages, {pdf.stat().st_size / 1e6:.0f} MB")


if __name__ == "__main__":
    built = Path(sys.argv[1] if len(sys.argv) > 1 else "book/_build/html").resolve()
    main(built, Path(sys.argv[2] if len(sys.argv) > 2 else built.parent / "book.pdf"))
