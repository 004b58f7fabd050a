"""pyproject.toml, requirements.lock and environment.yml say the same versions."""
import re
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf8"))["project"]


def pins(lines):
    """Normalised name -> version of the lines that read ``name==version``."""
    found = (re.fullmatch(r"([\w.-]+)==(\S+)", line.strip()) for line in lines)
    return {re.sub(r"[-_.]+", "-", m[1]).lower(): m[2] for m in found if m}


DIRECT = pins(PROJECT["dependencies"] + PROJECT["optional-dependencies"]["test"])
LOCK = pins((ROOT / "requirements.lock").read_text("utf8").splitlines())
CONDA = yaml.safe_load((ROOT / "environment.yml").read_text("utf8"))["dependencies"]


def test_every_direct_dependency_is_pinned():
    assert len(DIRECT) == len(PROJECT["dependencies"] + PROJECT["optional-dependencies"]["test"])


@pytest.mark.parametrize("name", sorted(DIRECT))
def test_lock_has_the_same_version(name):
    assert LOCK.get(name) == DIRECT[name]


def test_environment_has_the_same_versions():
    by_pip = next(entry["pip"] for entry in CONDA if isinstance(entry, dict))
    assert pins(by_pip) == DIRECT
    assert "--constraint requirements.lock" in by_pip


def test_environment_has_an_allowed_python():
    wanted = next(entry.removeprefix("python=") for entry in CONDA if str(entry).startswith("python="))
    least = re.fullmatch(r">=(\d+)\.(\d+)", PROJECT["requires-python"])
    assert tuple(map(int, wanted.split("."))) >= (int(least[1]), int(least[2]))


def test_lock_is_portable():
    lines = (ROOT / "requirements.lock").read_text("utf8").splitlines()
    packages = [line for line in lines if line and not line.startswith("#")]
    assert len(pins(packages)) == len(packages), "a line that is not name==version"
    assert not [line for line in packages if "+" in line], "a build that only one machine has"


def test_lock_is_complete_for_what_is_needed():
    """Each distribution the package needs, directly or not, has a line in the lock."""
    from importlib.metadata import PackageNotFoundError, requires

    from packaging.requirements import Requirement

    missing, seen, todo = set(), set(), sorted(DIRECT)
    while todo:
        name = todo.pop()
        if name in seen:
            continue
        seen.add(name)
        if name not in LOCK:
            missing.add(name)
        try:
            needed = requires(name) or ()
        except PackageNotFoundError:
            continue
        for requirement in map(Requirement, needed):
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                todo.append(re.sub(r"[-_.]+", "-", requirement.name).lower())
    # PyTorch's CUDA libraries are pinned by PyTorch itself and exist on Linux only
    assert not {name for name in missing if not re.match(r"nvidia|cuda|triton", name)}
