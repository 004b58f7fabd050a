r"""Docstrings of ``nalu`` on the page of the API.

The docstrings are written to be read in a terminal, a notebook and this book alike: maths
between dollars, code between single backticks. Sphinx reads reStructuredText, hence

* ``$$ x $$`` on lines of its own becomes a ``math`` directive, ``$x$`` a ``:math:`` role,
* a single backtick pair becomes a literal,
* ``(eq-name)``, as in "Derived in theory/gradients (eq-name)", becomes a link to that equation.

A name that a package passes on, ``nalu.units.NMU``, leads to where it is documented,
``nalu.units.nmu.NMU``.

Imports of PyTorch and Numba are mocked: the book then builds alike with and without them.
"""
from __future__ import annotations

import inspect
import re

LITERAL = re.compile(r"(?<![`:\w\\])`([^`\n]+)`(?![`_])")
INLINE = re.compile(r"(?<![\\$])\$([^$\n]+(?:\n[^$\n]+)?)\$(?!\$)")
EQUATION = re.compile(r"\((eq(?:-[a-z0-9]+)+)\)")
DISPLAY = re.compile(r"^([ \t]*)\$\$(.+?)\$\$", re.DOTALL | re.MULTILINE)


def restructure(app, what, name, obj, options, lines) -> None:
    """Rewrite one docstring in place."""
    pieces = re.split(r"(``[^`]+``|:\w[\w:]*:`[^`]+`)", "\n".join(lines))
    pieces[::2] = [LITERAL.sub(r"``\1``", piece) for piece in pieces[::2]]
    text = DISPLAY.sub(_display, "".join(pieces))
    pieces = re.split(r"(``[^`]+``|:math:`[^`]+`)", text)
    pieces[::2] = [EQUATION.sub(r":eq:`\1`", INLINE.sub(_inline, piece)) for piece in pieces[::2]]
    lines[:] = "".join(pieces).split("\n")


def _display(match) -> str:
    indent, formula = match[1], " ".join(match[2].split())
    return f"{indent}.. math::\n\n{indent}   {formula}\n"


def _inline(match) -> str:
    """A role needs space or punctuation around it; an escaped space leaves none behind."""
    text, (start, end) = match.string, match.span()
    before = "\\ " if text[start - 1 : start].isalnum() else ""
    after = "\\ " if text[end : end + 1].isalnum() else ""
    return f"{before}:math:`{' '.join(match[1].split())}`{after}"


def own_signature(app, what, name, obj, options, signature, returns):
    """The arguments of a class whose mocked base hides them."""
    if what != "class" or signature != "(*args, **kwargs)":
        return None
    first, *arguments = inspect.signature(obj.__init__).parameters.values()
    plain = [one.replace(annotation=inspect.Parameter.empty) for one in arguments]
    return str(inspect.Signature(plain)), returns


def passed_on(app, env, node, contnode):
    """Link a name that is documented in a module of the package it is referred to by."""
    package, _, name = node.get("reftarget", "").rpartition(".")
    if node.get("refdomain") != "py" or not package.startswith("nalu"):
        return None
    found = [target for target in env.domains["py"].objects
             if target.startswith(f"{package}.") and target.endswith(f".{name}")]
    if len(found) != 1:
        return None
    node["reftarget"] = found[0]
    return env.domains["py"].resolve_xref(env, node["refdoc"], app.builder, node["reftype"],
                                          found[0], node, contnode)


def setup(app):
    # before napoleon, which rewrites the sections
    app.connect("autodoc-process-docstring", restructure, priority=400)
    app.connect("autodoc-process-signature", own_signature)
    app.connect("missing-reference", passed_on)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
