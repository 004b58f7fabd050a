"""Words of the glossary explain themselves: a link to one has its definition as a tooltip."""
from __future__ import annotations

from docutils import nodes

GLOSSARY = "glossary"


def collect(app, doctree) -> None:
    """Remember the first sentence of each definition."""
    if app.env.docname != GLOSSARY:
        return
    app.env.book_terms = {identifier: definition.astext().split(". ")[0].rstrip(".") + "."
                          for item in doctree.findall(nodes.definition_list_item)
                          for term, definition in [(item[0], item[-1])] for identifier in term["ids"]}


def explain(app, doctree, docname) -> None:
    """Give each link to a word its definition."""
    known = getattr(app.env, "book_terms", {})
    for link in doctree.findall(nodes.reference):
        target = link.get("refid") or link.get("refuri", "").rpartition("#")[2]
        if target in known and not link.get("reftitle"):
            link["reftitle"] = known[target]


def setup(app):
    app.connect("doctree-read", collect)
    app.connect("doctree-resolved", explain)
    return {"version": "1", "parallel_read_safe": False, "parallel_write_safe": True}
