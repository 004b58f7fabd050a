"""Links to the place where the repository lives, once there is one.

``[tool.nalu] repository`` in ``pyproject.toml`` is the only place that says where that is. While it is empty, the pages have no
such links. With an address on GitHub or GitLab each page gets links to the repository, to its source and to a new
issue, and each notebook one that opens it on Binder.
"""
from __future__ import annotations

import tomllib

from sphinx.errors import ConfigError

from nalu.support.paths import ROOT

BUTTONS = ("use_repository_button", "use_edit_page_button", "use_issues_button")
HOSTS = ("https://github.com/", "https://gitlab.com/")
BINDER = "https://mybinder.org"


def address() -> str:
    """Where the repository lives; empty if nobody has said so."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf8"))["tool"]["nalu"]["repository"].rstrip("/")


def configure(app, config) -> None:
    """Switch the theme's buttons on."""
    if not (where := address()):
        return
    if not where.startswith(HOSTS) or where.count("/") != 4:
        raise ConfigError(f"pyproject.toml: [tool.nalu] repository is {where!r}; allowed: empty, or "
                          + " or ".join(f"{host}OWNER/NAME" for host in HOSTS))
    config.html_theme_options |= dict.fromkeys(BUTTONS, True) | {
        "repository_url": where, "repository_branch": "main", "path_to_docs": "book",
        "launch_buttons": {"binderhub_url": BINDER, "notebook_interface": "jupyterlab"}}


def place(app, pagename, templatename, context, doctree) -> None:
    """Say in which folder of the repository the source of a page lies: that of a notebook is not in the book's."""
    if app.config.html_theme_options.get("repository_url"):
        folder = "" if pagename.startswith("notebooks/") else "book"
        app.config.html_theme_options["path_to_docs"] = context["doc_path"] = folder


def setup(app):
    app.connect("config-inited", configure, priority=200)
    app.connect("html-page-context", place, priority=400)  # before the theme makes links of it
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
