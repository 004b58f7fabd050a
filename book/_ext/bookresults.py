"""What every page of results has in common, added to its executed copy.

Such a page reads or trains runs and says what they show. After its question it gets

* the answer, which the last cell of its notebook computes; it moves there, so that nobody reads it twice,
* for an experiment, the command that makes its figures anew.

Its code carries the tag ``page-code``: ``code.js`` puts it out of the way behind one button.
Pages that explain a unit or a theory keep their code, as there it is what is explained.

Pages of units, and Table 1, get a link into the playground, where their unit is chosen.
"""
from __future__ import annotations

import ast
import re

from nalu.experiments import SEQUENTIAL, every
from nalu.support import paths

ROOMS = ("experiments/", "audit/", "agreement/")
PAGES = ("claims", "cost", "does_it_work", "playground", "what_was_wrong")
CODE = "page-code"
FOLDED = {"hide-cell": "hide-output"}  # its code goes with that of the page

PLAYGROUND = {  # page -> what is chosen there, the section, what the link says
    "units/nac": ("unit=NAC_mul&target=div", "set-the-weights", "Set the weights of a NAC• by hand"),
    "units/nalu": ("network=NALU&beside=NMU&seed=1", "train", "Train a NALU in the page, beside an NMU"),
    "units/nau": ("unit=NAU&target=sub", "set-the-weights", "Set the weights of a NAU by hand"),
    "units/nmu": ("unit=NMU&target=mul", "set-the-weights", "Set the weights of an NMU by hand"),
    "experiments/ten_parameters": ("network=NMU&beside=NAC_mul_sigma&seed=1", "train", "Train these networks in the page"),
}


def shows_results(name: str) -> bool:
    """Whether a notebook is about results."""
    return name in PAGES or name.startswith(ROOMS)


def arrange(name: str, notebook: dict) -> None:
    """Move the answer behind the question, put the command and the link into the playground there, and mark the code."""
    first, added = notebook["cells"][0], []
    if shows_results(name):
        said = _take_answer(notebook)
        added += [f":::{{div}} page-answer\n{said}\n:::"] if said else []
        added += [command(name, notebook)] if name.startswith("experiments/") else []
        _mark(notebook)
    if name in PLAYGROUND:
        chosen, section, text = PLAYGROUND[name]
        added.append(f'<a class="reference internal" href="../playground.html?{chosen}#{section}">{text}</a>.')
    if not added:
        return
    blocks = re.split(r"\n{2,}", "".join(first["source"]).strip())
    at = next((k for k, block in enumerate(blocks) if block.startswith("**Question.**")), 0) + 1
    first["source"] = "\n\n".join([*blocks[:at], *added, *blocks[at:]]).splitlines(keepends=True)


def _mark(notebook: dict) -> None:
    """Give the code the tag that puts it out of the way."""
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            tags = [FOLDED.get(tag, tag) for tag in cell["metadata"].get("tags", ()) if tag != "hide-input"]
            cell["metadata"]["tags"] = [*tags, CODE]


def _take_answer(notebook: dict) -> str:
    """Remove the last output that begins with "Answer", and return its text; empty where there is none."""
    for cell in reversed(notebook["cells"]):
        for output in reversed(cell.get("outputs", ())):
            text = "".join(output.get("data", {}).get("text/markdown", ""))
            if text.startswith("**Answer.**"):
                cell["outputs"].remove(output)
                return text
    return ""


def command(name: str, notebook: dict) -> str:
    """The commands that train what a page shows and has no results yet, and that make the page."""
    names = experiments(notebook)
    trained = " ".join(names)
    digits = " {doc}`/cluster` says how to name the folder with MNIST." if any(name in SEQUENTIAL and "mnist" in name for name in names) else ""
    return (f":::{{div}} page-command\nThese commands make this page:\n\n```sh\n.venv/bin/python -m nalu train {trained}\n.venv/bin/python -m nalu report {name}\n```\n\n"
            f"The first one trains everything that has no results yet; {{doc}}`/rerun` explains both.{digits}\n:::")


def experiments(notebook: dict) -> list[str]:
    """The experiments that the parameters of a notebook name, in their order; those with results, if there are any.

    A page may name the papers' setting beside a shorter one that was run: nobody should begin days of training by copying a line.
    """
    code = next("".join(c["source"]) for c in notebook["cells"] if "parameters" in c["metadata"].get("tags", ()))
    values = [ast.literal_eval(node.value) for node in ast.parse(code).body]
    words = [word for value in values for word in ([value] if isinstance(value, str) else value if isinstance(value, (list, tuple)) else ())]
    known = {entry.name for entry in every()}
    named = [*dict.fromkeys(word for word in words if word in known)]
    return [word for word in named if any((paths.RUNS / word).glob("*.csv"))] or named
