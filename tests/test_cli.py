"""The command line: one line and status 2 for what the user got wrong, and nothing touched."""

import fcntl
import json
import os

import nbformat
import numpy as np
import pytest
import tiny

from nalu import cli, experiments
from nalu.campaign import jobs, request
from nalu.report import notebooks
from nalu.results import csv_file, merging, status
from nalu.results.workfolder import WorkFolder
from nalu.support import paths

pytestmark = pytest.mark.slow


@pytest.fixture
def shelf(tmp_path, monkeypatch):
    """An empty runs folder and the small table, in this process."""
    tiny.use_here(monkeypatch, tmp_path / "runs")
    return tmp_path / "runs"


def spark(operation="add"):
    """Work folder of a condition of the experiment ``spark``."""
    entry = experiments.get("spark")
    return WorkFolder(entry, entry.condition(f"NAU-{operation}"))


def shard(operation="add"):
    """Folder of all of its seeds."""
    return spark(operation).shard(range(3))


def finish(operation, seeds=range(3)):
    """Give a condition of ``spark`` results."""
    settings = {"experiment": "spark"} | spark(operation).condition.settings()
    outcome = {"solved": True, "solved_at": 1000, "sparsity_error": 0.1, "best_step": 0}
    merging.merge("spark", [csv_file.row(settings | outcome | {"seed": s}) for s in seeds])


@pytest.mark.parametrize(("command", "message"), [
    ("list tny", "unknown experiment 'tny'; did you mean 'tiny'? allowed: tiny, spark"),
    ("train tny", "unknown experiment 'tny'"),
    ("train tiny NUM", "unknown condition of tiny 'NUM'; did you mean 'NMU'? allowed: NMU, NALU"),
    ("train tiny NMU --seeds 0..9", "seeds must look like '0-99' or '0-9,70,85', got '0..9'"),
    ("train tiny NMU --seeds=-1", "seeds must look like '0-99' or '0-9,70,85', got '-1'"),
    ("train tiny NMU --seeds 3,3", "seeds must differ, but 3 occurs twice"),
    ("train tiny --seeds 8-11", "condition 'NMU' has no seed 10; allowed: 0-9"),
    ("train tiny NMU --jobs 0", "jobs must be an integer of at least 1, got 0"),
    ("train tiny NMU --jobs 1_0", "jobs must be an integer of at least 1, got '1_0'"),
    ("train tiny NMU --seeds 00", "seeds must look like '0-99' or '0-9,70,85', got '00'"),
    ("train tiny NMU --jobs two", "jobs must be an integer of at least 1, got 'two'"),
    ("train tiny NMU --engine fusedd", "unknown engine 'fusedd'"),
    ("train tiny NMU --engine fusedd --direct", "unknown engine 'fusedd'"),
    ("train tiny NMU --device cuda", "there is no device 'cuda' here; allowed: cpu"),
    ("train tiny NMU --device cuda --direct", "there is no device 'cuda' here; allowed: cpu"),
    ("results tny", "unknown experiment 'tny'"),
    ("results tiny --from nowhere", "there is no folder nowhere"),
    ("status tny", "unknown experiment 'tny'"),
    ("report start_her", "unknown report notebook 'start_her'"),
])
def test_wrong_input_is_one_line_and_status_2(shelf, capsys, monkeypatch, command, message):
    monkeypatch.setattr("torch.cuda.device_count", lambda: 0)
    assert cli.main(command.split()) == 2
    err = capsys.readouterr().err
    assert err.startswith("nalu: ") and message in err and err.count("\n") == 1
    assert not shelf.exists()


@pytest.mark.parametrize("command", ["trian", "train", "list --al", "train tiny --jobs"])
def test_wrong_command_is_one_line_and_status_2(capsys, command):
    with pytest.raises(SystemExit) as error:
        cli.main(command.split())
    err = capsys.readouterr().err
    assert error.value.code == 2 and err.startswith("python -m nalu") and err.count("\n") == 1


def test_no_command_is_a_question(capsys):
    assert cli.main([]) == 0
    said = capsys.readouterr()
    assert said.out.startswith("usage: python -m nalu") and "show the progress of every condition" in said.out and not said.err


@pytest.mark.parametrize("reads", [0, 10])
def test_who_has_read_enough_hears_no_more(tmp_path, reads):
    process = tiny.start(tmp_path / "runs", "-m", "nalu", "status")
    if hasattr(fcntl, "F_SETPIPE_SZ"):  # less than is said, or all of it may be in the pipe before it is closed
        fcntl.fcntl(process.stdout, fcntl.F_SETPIPE_SZ, 4096)
    process.stdout.read(reads)
    process.stdout.close()
    assert (process.stderr.read(), process.wait(timeout=120)) == ("", 141)


def test_a_terminal_that_knows_no_greek_is_no_error(tmp_path):
    process = tiny.start(tmp_path / "runs", "-c", "from nalu import cli; cli.main([]); print('\u2022')",
                         environment=os.environ | {"PYTHONIOENCODING": "ascii"})
    out, err = process.communicate(timeout=120)
    assert out.endswith("\\u2022\n") and not err


@pytest.mark.parametrize("command", ["train spark", "results spark", "status spark"])
def test_wrong_results_file_is_one_line_and_status_2(shelf, capsys, command):
    finish("add")
    path = shelf / "spark" / "results.csv"
    path.write_text("a,b\n1,2\n")
    before = tiny.tree(shelf)
    assert cli.main(command.split()) == 2
    err = capsys.readouterr().err
    assert err.startswith(f"nalu: {path} has other columns: missing experiment") and err.count("\n") == 1
    assert tiny.tree(shelf) == before


@pytest.mark.parametrize("how", [[], ["--direct"]])
def test_second_process_is_refused(shelf, capsys, how):
    with shard().lock():
        before = tiny.tree(shelf)
        assert cli.main(["train", "spark", "NAU-add", *how]) == 2
        assert tiny.tree(shelf) == before
    out, err = capsys.readouterr()
    assert err.startswith(f"nalu: {shard().path} is in use; add --wait, or stop its process (") and err.count("\n") == 1
    assert out == "spark NAU-add: 3 seeds to train\nspark: 0 of 2 conditions, 0 of 6 runs, 1 running; left: ?\n", "no table"


def test_misspelt_parameter_of_the_notebook_is_refused(shelf, tmp_path):
    with pytest.raises(ValueError, match="unknown parameter of train.ipynb 'sedes'; did you mean 'seeds'"):
        notebooks.run_notebook(paths.NOTEBOOKS / "train.ipynb", tmp_path / "log.ipynb", {"sedes": "3"})
    assert not (tmp_path / "log.ipynb").exists()


def test_parameters_of_the_notebook_are_those_of_the_command():
    known = notebooks.parameters(paths.NOTEBOOKS / "train.ipynb")
    assert list(known) == ["experiment", "condition", "seeds", "engine", "device", "repeat", "keep"]
    assert known["experiment"] in experiments.EXPERIMENTS
    experiments.get(known["experiment"]).condition(known["condition"])


@pytest.mark.parametrize(("said", "expected"), [
    ("cell 4 failed\nTraceback\nnalu.support.check.Refusal: seeds must differ", (2, "nalu: seeds must differ\n")),
    ("cell 4 failed\nTraceback\nValueError: shapes (2,) and (3,)", (1, "ValueError: shapes (2,) and (3,)\n")),
    ("cell 4 failed\nTraceback\nPermissionError: [Errno 13] not yours: 'lock'", (2, "nalu: [Errno 13] not yours: 'lock'\n")),
    ("cell 4 failed\nTraceback\nRuntimeError: no luck", (1, "RuntimeError: no luck\n")),
    ("the kernel died", (1, "the kernel died\n")),
])
def test_failure_in_the_kernel(shelf, capsys, monkeypatch, said, expected):
    def fail(*_, **__):
        raise notebooks.NotebookError(said)

    monkeypatch.setattr(request, "run_notebook", fail)
    assert cli.main(["train", "spark", "NAU-add"]) == expected[0]
    err = capsys.readouterr().err
    assert err.endswith(expected[1])
    assert (f"log: {shard().log}" in err) == (shard().failure() == said) == (expected[0] == 1)


@pytest.mark.parametrize("how", ["--direct", "--together"])
def test_an_error_of_the_program_is_no_mistake_of_the_user(shelf, capsys, monkeypatch, how):
    """What NumPy raises is a `ValueError`, too: it has a traceback, and is noted with the condition."""
    from nalu.campaign import launch

    monkeypatch.setattr(launch, "run", lambda *_, **__: np.zeros(2) + np.zeros(3))
    assert cli.main(["train", "spark", "NAU-add", how]) == 1
    err = capsys.readouterr().err
    assert "Traceback" in err and "could not be broadcast" in err and "could not be broadcast" in shard().failure()
    assert cli.main(["status", "spark"]) == 0 and "failed" in capsys.readouterr().out


def test_failure_of_one_condition_does_not_stop_the_others(shelf, monkeypatch):
    tried = []

    def fail(_, target, __, **___):
        tried.append(target.parent.parent.name)
        raise notebooks.NotebookError("no luck")

    monkeypatch.setattr(request, "run_notebook", fail)
    assert cli.main(["train", "spark"]) == 1 and tried == ["NAU-add", "NAU-sub"]


def test_wrong_engine_is_refused_although_nothing_is_to_be_trained(shelf, capsys):
    finish("add")
    assert cli.main("train spark NAU-add --engine fast".split()) == 2
    assert capsys.readouterr().err.startswith("nalu: unknown engine 'fast'")


def test_rows_of_another_experiment_are_not_merged(shelf, tmp_path, capsys):
    finish("add")
    other = tmp_path / "other" / "tiny"
    other.mkdir(parents=True)
    (other / "results.csv").write_bytes((shelf / "spark" / "results.csv").read_bytes())
    assert cli.main(["results", "tiny", "--from", str(other.parent)]) == 2
    assert "has rows of 'spark'; allowed: those of 'tiny'" in capsys.readouterr().err
    assert not (shelf / "tiny" / "results.csv").exists()


def test_finished_condition_starts_no_kernel(shelf, capsys, monkeypatch):
    monkeypatch.setattr(request, "run_notebook", None)
    finish("add")
    assert cli.main(["train", "spark", "NAU-add"]) == 0
    finish("sub", [1])
    assert cli.main(["train", "spark", "--seeds", "1"]) == 0
    assert capsys.readouterr().out.count("finished") == 3


def test_list_and_results(shelf, capsys):
    finish("add", [0, 2])
    assert cli.main(["list"]) == cli.main(["list", "spark"]) == cli.main(["results", "spark"]) == 0
    out = capsys.readouterr().out
    assert "spark       2           6     Nothing, Table 1" in out
    assert "NAU-add  seeds 0-2  1 iterations" in out
    assert "NAU-add    2 of 3  1 [0.3424, 1]  1000              1000" in out
    assert "NAU-sub    0 of 3  —" in out


def test_contradiction_gives_status_1(shelf, capsys, monkeypatch):
    monkeypatch.setattr(WorkFolder, "contradictions", lambda _: ["seed 1: solved is 'True'"])
    assert cli.main(["results", "spark"]) == 1
    assert "nalu: spark NAU-add: seed 1: solved is 'True'\n" in capsys.readouterr().err


def test_states(shelf):
    def states():
        return [s.state for s in status.of(experiments.get("spark"))]

    assert states() == [status.DECLARED, status.DECLARED]
    finish("add", [1])
    assert states()[0] == status.PARTIAL
    shard().note({"seeds": "0-2"})
    assert states()[0] == status.STOPPED
    shard().failed("no luck")
    assert states()[0] == status.FAILED
    with shard().lock():
        assert states() == [status.RUNNING, status.DECLARED]
    finish("add")
    assert states()[0] == status.FINISHED


def test_a_job_of_a_campaign_that_was_refused_says_so(shelf, capsys, monkeypatch, tmp_path):
    """Before a kernel or in it; whoever typed the command has read the line and needs no note."""
    def refuse(*_, **__):
        raise notebooks.NotebookError("cell 4 failed\nTraceback\nnalu.support.check.Refusal: no such thing")

    monkeypatch.setattr(request, "run_notebook", refuse)
    order = ["train", "spark", "NAU-add"]
    assert cli.main(order) == 2 and shard().failure() == ""
    rows = ["--rows", str(tmp_path / "rows.csv")]
    for options, line in (["--device", "mps"], "there is no device 'mps' here; allowed: cpu"), ([], "no such thing"):
        assert cli.main([*order, *options, *rows]) == 2
        capsys.readouterr()
        assert cli.main(["status", "spark"]) == 0
        out = capsys.readouterr().out
        assert "NAU-add  refused   0 of 3 seeds" in out and "0 of 6 runs, 1 refused; left" in out
        assert f"spark NAU-add: refused: {line}" in out.splitlines()
    [job, _] = jobs.declared(["spark"])
    assert jobs.collect([job]).splitlines()[-1] == "spark NAU-add, seeds 0-2: refused: no such thing"
    monkeypatch.setattr(request, "run_notebook", lambda *_, **__: None)
    cli.main(order)
    assert shard().failure() == ""


def test_training_through_papermill(tmp_path):
    code, out, err = tiny.run(tmp_path / "runs", "train", "spark", "NAU-add", "--seeds", "0,2")
    assert (code, err) == (0, "") and "NAU solved the task with 0 of 2 seeds." in out
    (work,) = (tmp_path / "runs" / "spark" / "NAU-add").iterdir()
    log = nbformat.read(work / "train.ipynb", 4)
    assert log.metadata.papermill.parameters.seeds == "0,2" and not log.metadata.papermill.exception
    assert json.loads((work / "spec.json").read_text())["trainings"][0]["seeds"] == "0,2"
    assert len((tmp_path / "runs" / "spark" / "results.csv").read_text().splitlines()) == 3


def test_conditions_train_in_parallel(tmp_path):
    code, out, err = tiny.run(tmp_path / "runs", "train", "spark", "--jobs", "2", "--direct")
    assert (code, err) == (0, "")
    assert {"NAU-add | spark NAU-add: 3 seeds to train",
            "NAU-sub | NAU solved the task with 0 of 3 seeds."} <= {*out.splitlines()}
    assert len((tmp_path / "runs" / "spark" / "results.csv").read_text().splitlines()) == 7
    code, out, _ = tiny.run(tmp_path / "runs", "train", "spark", "--jobs", "2")
    assert code == 0 and out.count("finished") == 2
