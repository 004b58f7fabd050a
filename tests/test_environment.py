"""pyproject.toml, requirements.lock and environment.yml agree."""
import re
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf8"))["project"]


def canonical(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def pins(lines):
    """Normalised name -> version of the lines that read ``name==version``."""
    found = (re.fullmatch(r"([\w.-]+)==(\S+)", line.strip()) for line in lines)
    return {canonical(m[1]): m[2] for m in found if m}


def requirements(*extras):
    """What the package needs with these extras, and with those that they name; one per line."""
    todo, lines = [*PROJECT["dependencies"], *(line for extra in extras for line in PROJECT["optional-dependencies"][extra])], []
    for line in map(Requirement, todo):
        lines += requirements(*line.extras)[len(PROJECT["dependencies"]):] if line.name == "nalu" else [line]
    return lines


DIRECT = requirements("test")
LOCK = pins((ROOT / "requirements.lock").read_text("utf8").splitlines())
CONDA = yaml.safe_load((ROOT / "environment.yml").read_text("utf8"))["dependencies"]


def test_the_package_alone_is_light_and_pins_nothing():
    assert {line.name: str(line.specifier) for line in requirements()} == {"torch": ">=2.4", "numpy": ">=1.26"}
    assert not [line for line in requirements("train", "cuda") if "==" in str(line.specifier)]


@pytest.mark.parametrize("extra", ["report", "grid", "slurm", "lsf", "test"])
def test_what_writes_pages_or_tests_them_is_exact(extra):
    own = [Requirement(line) for line in PROJECT["optional-dependencies"][extra]]
    assert all(re.fullmatch(r"==[^*]+", str(line.specifier)) for line in own if line.name != "nalu")


def test_all_is_every_extra():
    names = PROJECT["optional-dependencies"]
    assert set(map(str, requirements("all"))) == set(map(str, requirements(*(name for name in names if name != "all"))))


@pytest.mark.parametrize("line", sorted({*DIRECT}, key=str), ids=str)
def test_lock_has_a_version_that_is_allowed(line):
    assert LOCK[canonical(line.name)] in line.specifier


def test_environment_has_the_versions_of_the_lock():
    by_pip = next(entry["pip"] for entry in CONDA if isinstance(entry, dict))
    assert pins(by_pip) == {name: LOCK[name] for name in sorted(canonical(line.name) for line in DIRECT)}
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

    missing, seen, todo = set(), set(), sorted(canonical(line.name) for line in DIRECT)
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
                todo.append(canonical(requirement.name))
    # PyTorch's CUDA libraries are pinned by PyTorch itself and exist on Linux only
    assert not {name for name in missing if not re.match(r"nvidia|cuda|triton", name)}
