"""What stands in the README for a reader to type, as the tests take it."""

import re
import textwrap
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text("utf8")
FENCE = re.compile(r"^( *)(`{3,})(\w+)\n(.*?)^\1\2$", re.MULTILINE | re.DOTALL)


def section(heading):
    """The text of one section."""
    return re.search(rf"^## {heading}\n(.*?)(?=^## |\Z)", README, re.MULTILINE | re.DOTALL)[1]


def blocks(text, language):
    """The fenced blocks of one language, without their indentation."""
    return [textwrap.dedent(code) for _, _, kind, code in FENCE.findall(text) if kind == language]


def commands(text):
    """The lines of all blocks for the shell, comments left out and continued lines joined."""
    for block in blocks(text, "sh"):
        yield from filter(None, block.replace("\\\n", " ").split("\n"))
