"""Install a file of requirements with pip, and say how far it is: ``python tools/install.py requirements.lock``.

pip is silent for minutes or prints hundreds of lines. This counts the packages that pip has found: in place on a terminal,
otherwise in a line for every quarter. If pip fails, the end of what it said is printed.
"""

import re
import subprocess
import sys
from collections import deque

PIP = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check", "--progress-bar", "off", "-r"]


def main(lock: str) -> int:
    """Install; return pip's exit status."""
    with open(lock, encoding="utf8") as file:
        total = len(re.findall("^[^#].*==", file.read(), re.MULTILINE))
    print(f"installing {total} packages into .venv: 2 GB with a CPU build of PyTorch, 5.5 GB with CUDA; usually 3 minutes", flush=True)
    found, last, live = 0, deque(maxlen=30), sys.stdout.isatty()
    with subprocess.Popen([*PIP, lock], text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as pip:
        for line in pip.stdout:
            last.append(line)
            if line.startswith(("Collecting ", "Processing ", "Requirement already satisfied: ")):
                found = min(found + 1, total)
                if live:
                    print(f"\r  {found} of {total} packages found", end="\n" if found == total else "", flush=True)
                elif 4 * found // total > 4 * (found - 1) // total:
                    print(f"  {found} of {total} packages found", flush=True)
            elif line.startswith("Installing collected packages"):
                print("  all downloaded; unpacking them", flush=True)
    if pip.returncode:
        print("".join(last), file=sys.stderr)
    return pip.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
