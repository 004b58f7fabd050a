"""Executed notebooks: when a copy is stale, that renewing it is repeatable, and how it fails."""
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[1]
MODULES = ("__init__", *(f"support/{name}" for name in ("__init__", "check", "extras", "files", "paths")),
           *(f"report/{name}" for name in ("__init__", "definitions", "kernels", "notebooks", "provenance", "reach", "refresh")))
TITLE = ("markdown", "# A page\n\nDoes it count?", {})
PARAMETERS = ("code", "upto = 3  # how far", {"tags": ["parameters"]})
READS = ("code", ("from nalu import helper\nfrom nalu.report import provenance\nfrom nalu.support.paths import RUNS\n"
                  "provenance.note_read(RUNS / 'one' / 'results.csv')\nhelper.VALUE"), {})
FIGURE = ("code", "import matplotlib.pyplot as plt\nplt.plot(range(upto))\nplt.show()", {})
CHANCE = ("code", "import sys\nprint('a')\nprint('b', file=sys.stderr)\nprint('c')\nobject()", {})


@pytest.fixture
def project(tmp_path):
    """A repository with one report notebook, the executing modules and two more."""
    for name in MODULES:
        copy = tmp_path / "nalu" / f"{name}.py"
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / "nalu" / f"{name}.py", copy)
    (tmp_path / "nalu" / "pages").mkdir()
    shutil.copy(ROOT / "nalu" / "pages" / "style.mplstyle", tmp_path / "nalu" / "pages")
    (tmp_path / "nalu" / "helper.py").write_text("from .deeper import VALUE\n")
    (tmp_path / "nalu" / "deeper.py").write_text("VALUE = 1\n")
    (tmp_path / "nalu" / "stranger.py").write_text("VALUE = 1\n")
    write(tmp_path / "notebooks" / "sub" / "page.ipynb", TITLE, PARAMETERS, READS, FIGURE, CHANCE)
    write(tmp_path / "notebooks" / "train.ipynb", PARAMETERS)
    write(tmp_path / "notebooks" / "_template.ipynb", PARAMETERS)
    return tmp_path


def write(path, *cells):
    """Write a notebook of (kind, text, metadata)."""
    made = []
    for number, (kind, text, metadata) in enumerate(cells):
        made.append({"cell_type": kind, "id": f"cell-{number}", "metadata": metadata,
                     "source": text.splitlines(keepends=True)})
        if kind == "code":
            made[-1] |= {"execution_count": None, "outputs": []}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"cells": made, "nbformat": 4, "nbformat_minor": 5, "metadata": {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"}}}))


def python(project, code, **environment):
    """Run code in the project, in a process of its own."""
    kept = {key: value for key, value in os.environ.items() if key != "NALU_RUNS"}
    return subprocess.run([sys.executable, "-c", code], cwd=project, text=True, capture_output=True,
                          env=kept | {"PYTHONPATH": str(project)} | environment)


def stale(project):
    done = python(project, "import json; from nalu.report import refresh; print(json.dumps(refresh.stale()))")
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def renew(project):
    return python(project, "import sys; from nalu.report import refresh; sys.exit(refresh.run(jobs=2))")


def test_names_of_report_notebooks(project):
    assert stale(project) == {"sub/page": "never executed"}


def test_renewing_repeats_to_the_byte_and_says_what_it_was_made_from(project):
    copy = project / "runs" / "notebooks" / "sub" / "page.ipynb"
    first = renew(project)
    assert first.returncode == 0, first.stderr
    assert "sub/page: done" in first.stdout and "b" in first.stderr
    before = copy.read_bytes()
    assert stale(project) == {}
    assert "up to date" in renew(project).stdout

    python(project, "from nalu.report import refresh; refresh.execute(['sub/page'], 1)",
           SOURCE_DATE_EPOCH="123456789", OMP_NUM_THREADS="2")
    assert copy.read_bytes() == before

    notebook = json.loads(before)
    assert notebook["metadata"]["nalu"]["results"] == {"runs/one/results.csv": None}
    *_, figure, chance = [cell["outputs"] for cell in notebook["cells"] if "outputs" in cell]
    assert "image/svg+xml" in figure[0]["data"]
    assert [out.get("text") for out in chance] == [["a\n", "c\n"], None]
    assert "".join(chance[1]["data"]["text/plain"]) == "<object>"
    assert str(project) not in before.decode() and "papermill" not in before.decode()

    assert b'"a\\n"' in before
    copy.write_bytes(before.replace(b'"a\\n"', b'"A\\n"'))
    assert stale(project) == {"sub/page": "its copy was edited, or does not say what came out"}
    copy.write_text("<<<<<<< a conflict")
    assert stale(project) == {"sub/page": "its copy runs/notebooks/sub/page.ipynb is no notebook any more; delete it, "
                                          "python -m nalu report makes it anew"}
    assert renew(project).returncode == 0 and copy.read_bytes() == before

    rows = project / "runs" / "one" / "results.csv"
    rows.parent.mkdir()
    rows.write_text("seed\n1\n")
    assert stale(project) == {"sub/page": "runs/one/results.csv changed"}
    rows.unlink()
    (project / "nalu" / "stranger.py").write_text("VALUE = 2\n")
    assert stale(project) == {}
    (project / "nalu" / "deeper.py").write_text("VALUE = 2\n")
    assert stale(project) == {"sub/page": "code that it uses changed"}
    (project / "nalu" / "deeper.py").write_text("VALUE = 1\n")
    write(project / "notebooks" / "sub" / "page.ipynb", TITLE, PARAMETERS, READS, CHANCE)
    assert stale(project) == {"sub/page": "the notebook changed"}
    (project / "notebooks" / "sub" / "page.ipynb").unlink()
    assert stale(project) == {"sub/page": "its source is gone"}
    assert renew(project).returncode == 0 and not copy.exists()


ASKS = ("code", """import builtins, locale, os, sys, time
from nalu.report.kernels import KEPT, SET
print(hasattr(builtins, "HOSTILE"), __debug__, sys.flags.utf8_mode, locale.getpreferredencoding(), time.tzname)
print({name: os.environ[name] for name in SET if name != "PYTHONPATH"}, sorted({*os.environ} - {*KEPT}))""", {})


def test_a_page_depends_on_nothing_of_the_callers_environment(project, tmp_path):
    copy = project / "runs" / "notebooks" / "sub" / "page.ipynb"
    write(project / "notebooks" / "sub" / "page.ipynb", TITLE, PARAMETERS, FIGURE, ASKS)
    assert renew(project).returncode == 0
    usual = copy.read_bytes()
    assert b"image/svg+xml" in usual
    copy.unlink()
    hostile = tmp_path / "hostile"
    (hostile / "profile_default").mkdir(parents=True)
    turn = "import builtins\nbuiltins.HOSTILE = True\n"
    (hostile / "sitecustomize.py").write_text(turn)
    (hostile / "startup.py").write_text(turn)
    (hostile / "profile_default" / "ipython_config.py").write_text("c.InteractiveShellApp.exec_lines = ['import builtins; builtins.HOSTILE = 1']")
    (hostile / "matplotlibrc").write_text("figure.figsize: 1, 1\n")
    done = python(project, "from nalu.report import refresh; refresh.run(jobs=1)", MPLBACKEND="Agg", LC_ALL="POSIX", LANG="tr_TR",
                  PYTHONPATH=f"{project}{os.pathsep}{hostile}", PYTHONSTARTUP=str(hostile / "startup.py"), PYTHONOPTIMIZE="1",
                  PYTHONHASHSEED="7", PYTHONUTF8="0", PYTHONIOENCODING="ascii", IPYTHONDIR=str(hostile),
                  JUPYTER_CONFIG_DIR=str(hostile), JUPYTER_PATH=str(hostile), MPLCONFIGDIR=str(hostile),
                  MATPLOTLIBRC=str(hostile), OMP_NUM_THREADS="7", NUMBA_DISABLE_JIT="1", TZ="Asia/Tokyo",
                  COLUMNS="20", NO_COLOR="1", SOURCE_DATE_EPOCH="99", TQDM_DISABLE="")
    assert copy.read_bytes() == usual, done.stderr


@pytest.mark.parametrize("draws", [
    ("import matplotlib\nmatplotlib.use('agg')\n" + FIGURE[1], {"mystnb": {"figure": {"caption": "A line."}}}),
    ("import matplotlib\nmatplotlib.use('agg')\nimport matplotlib.pyplot as plt\nplt.figure()", {}),
], ids=["caption", "object"])
def test_a_page_that_lacks_a_figure_is_refused(project, draws):
    write(project / "notebooks" / "sub" / "page.ipynb", PARAMETERS, ("code", *draws))
    done = renew(project)
    assert done.returncode == 1 and "no figure came out of the cell 'cell-1', which draws one" in done.stderr
    assert not (project / "runs").exists()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a disk that is full")
def test_a_full_disk_names_the_file(project):
    done = python(project, """
from pathlib import Path
from nalu.report.notebooks import run_notebook
log = Path('logs/train.ipynb')
log.parent.mkdir()
log.symlink_to('/dev/full')
try:
    run_notebook(Path('notebooks/train.ipynb'), log)
except OSError as error:
    print(error.filename, error.strerror)""")
    assert done.stdout == "logs/train.ipynb cannot write: No space left on device\n", done.stderr


def test_a_caption_belongs_to_the_source_and_an_execution_count_does_not(project):
    done = python(project, """
import json
from pathlib import Path
from nalu.report.provenance import record
source = Path('notebooks/sub/page.ipynb')
notebook = json.loads(source.read_text())
def digest():
    source.write_text(json.dumps(notebook))
    return record(source)['source']
before = digest()
notebook['cells'][3]['execution_count'] = 7
assert digest() == before
notebook['cells'][3]['metadata']['mystnb'] = {'figure': {'caption': 'A line.'}}
assert digest() != before
""")
    assert done.returncode == 0, done.stderr


def test_a_failure_keeps_the_copy_and_shows_the_end_of_the_traceback(project):
    copy = project / "runs" / "notebooks" / "sub" / "page.ipynb"
    copy.parent.mkdir(parents=True)
    copy.write_text('{"metadata": {}, "cells": []}')
    write(project / "notebooks" / "sub" / "page.ipynb", PARAMETERS, ("code", "{}['lost']", {}))
    done = renew(project)
    assert done.returncode == 1
    assert "sub/page failed, its copy is left as it was:\n    cell 2 failed" in done.stderr
    assert "KeyError: 'lost'" in done.stderr
    assert copy.read_text() == '{"metadata": {}, "cells": []}'
    assert sorted(path.name for path in copy.parent.iterdir()) == ["page.ipynb"]


def test_a_killed_report_leaves_no_process(project):
    waits = "import os, time\nopen('kernel', 'w').write(str(os.getpid()))\ntime.sleep(60)"
    write(project / "notebooks" / "sub" / "page.ipynb", PARAMETERS, ("code", waits, {}))
    started = subprocess.Popen([sys.executable, "-c", "from nalu.report import refresh; refresh.run()"],
                               cwd=project, env=os.environ | {"PYTHONPATH": str(project)})
    kernel = project / "kernel"
    assert eventually(lambda: kernel.is_file() and kernel.read_text())
    started.kill()
    started.wait()
    assert eventually(lambda: not running(int(kernel.read_text())))


def eventually(condition, seconds=30):
    """Whether the condition becomes true in time."""
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.1)
    return condition()


def running(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_an_unknown_notebook_is_named(project):
    done = python(project, "from nalu.report import refresh; refresh.execute(['sub/pag'], 1)")
    assert "unknown report notebook 'sub/pag'; did you mean 'sub/page'?" in done.stderr


def test_an_unknown_parameter_fails_before_anything_is_written(project):
    done = python(project, """
from pathlib import Path
from nalu.report.notebooks import run_notebook
run_notebook(Path('notebooks/train.ipynb'), Path('logs/train.ipynb'), {'upot': 2})""")
    message = "Refusal: unknown parameter of train.ipynb 'upot'; did you mean 'upto'?"
    assert message in done.stderr and not (project / "logs").exists()


def test_a_kernel_that_cannot_start_is_one_line(project):
    done = python(project, """
import sys
from pathlib import Path
from nalu.report import notebooks
sys.executable = '/bin/false'
notebooks.run_notebook(Path('notebooks/train.ipynb'), Path('logs/train.ipynb'))""")
    *_, last = done.stderr.strip().split("\n")
    assert last.startswith("nalu.report.notebooks.NotebookError: the kernel did not start: ") and "is there room in" in last


def test_a_long_folder_for_temporary_files_is_refused(project, tmp_path):
    deep = tmp_path / ("x" * 120)
    deep.mkdir()
    done = python(project, f"""
import tempfile
from pathlib import Path
from nalu.report import notebooks
tempfile.tempdir = {str(deep)!r}
notebooks.run_notebook(Path('notebooks/train.ipynb'), Path('logs/train.ipynb'))""")
    assert "is too long a path for the sockets of a kernel" in done.stderr and not [*deep.iterdir()]


def test_an_unknown_parameter_fails_under_plain_papermill(project):
    check = ("code", ("from pathlib import Path\nfrom nalu.report.notebooks import reject_unknown\n"
                      "reject_unknown(Path('notebooks/train.ipynb'))"), {})
    write(project / "notebooks" / "train.ipynb", PARAMETERS, check)
    code = """
import papermill
for name in ('upto', 'upot'):
    papermill.execute_notebook('notebooks/train.ipynb', f'{name}.ipynb', {name: 2},
                               progress_bar=False)"""
    done = python(project, code)
    assert "unknown parameter of train.ipynb 'upot'; did you mean 'upto'?" in done.stderr
    assert "'upot'" not in (project / "upto.ipynb").read_text()


def test_plain_papermill_says_nothing_of_encryption(project, tmp_path):
    """Where `make` puts the file, every kernel of this environment reads it; its user's profile is read alike."""
    from IPython.core.application import ENV_CONFIG_DIRS

    assert f"{sys.prefix}/etc/ipython" in ENV_CONFIG_DIRS
    assert "cp tools/ipython_kernel_config.py $(VENV)/etc/ipython/" in (ROOT / "Makefile").read_text("utf8")
    profile = tmp_path / "told" / "profile_default"
    profile.mkdir(parents=True)
    shutil.copy(ROOT / "tools" / "ipython_kernel_config.py", profile)
    code = "import papermill\npapermill.execute_notebook('notebooks/train.ipynb', 'log.ipynb', progress_bar=False)"
    done = python(project, code, IPYTHONDIR=str(profile.parent))
    assert done.returncode == 0 and "encrypt" not in done.stdout + done.stderr


def test_a_number_that_papermill_made_of_text_is_refused(project):
    """Its option -p reads 010 as 10."""
    asks = ("code", 'upto = ""  # which', {"tags": ["parameters"]})
    check = ("code", ("from pathlib import Path\nfrom nalu.report.notebooks import reject_unknown\n"
                      "reject_unknown(Path('notebooks/train.ipynb'))"), {})
    write(project / "notebooks" / "train.ipynb", asks, check)
    code = """
from papermill.cli import papermill
papermill(['notebooks/train.ipynb', 'log.ipynb', '--no-progress-bar', '-r', 'upto', '010'], standalone_mode=False)
papermill(['notebooks/train.ipynb', 'log.ipynb', '--no-progress-bar', '-p', 'upto', '010'], standalone_mode=False)"""
    done = python(project, code)
    assert "upto must be text, and papermill's -p has made the number 10 of it; -r upto 10 takes it as it is typed" in done.stderr


def test_a_log_holds_what_was_injected_and_stays_after_a_failure(project):
    write(project / "notebooks" / "train.ipynb", PARAMETERS, ("code", "print(upto)\n1 / 0", {}))
    done = python(project, """
import sys
import time
from pathlib import Path
from nalu.report.notebooks import NotebookError, run_notebook
try:
    run_notebook(Path('notebooks/train.ipynb'), Path('logs/train.ipynb'), {'upto': 2}, stdout=sys.stdout)
except NotebookError as error:
    print('said:', str(error).splitlines()[0])""")
    assert done.stdout.split("\n")[:2] == ["2", "said: cell 3 failed"]
    assert "ZeroDivisionError" in (project / "logs" / "train.ipynb").read_text()


@pytest.mark.parametrize("text, wrong", [("n = len([])", "n = len([])"), ("import os", "import os")])
def test_parameters_must_be_literals(project, text, wrong):
    write(project / "notebooks" / "train.ipynb", ("code", text, {"tags": ["parameters"]}))
    done = python(project, "from pathlib import Path\nfrom nalu.report.notebooks import parameters\n"
                           "parameters(Path('notebooks/train.ipynb'))")
    assert f"the parameters cell may only assign literals, not {wrong!r}" in done.stderr


def test_staleness_is_known_without_torch_and_at_once(project):
    done = python(project, "import sys; from nalu.report import refresh; refresh.stale(); "
                           "print([m for m in ('torch', 'papermill', 'pandas') if m in sys.modules])")
    assert done.stdout.strip() == "[]"


def test_a_file_outside_of_the_repository_cannot_be_a_result(project):
    done = python(project, "from nalu.report.provenance import note_read; note_read('/tmp/results.csv')",
                  NALU_READ_LOG=str(project / "log"))
    assert "/tmp/results.csv lies neither in" in done.stderr
