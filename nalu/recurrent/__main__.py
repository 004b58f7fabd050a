"""The command of sequential MNIST by the name that it had before; it is part of ``python -m nalu`` now."""

import sys

from nalu.cli import main

print("python -m nalu.recurrent is called python -m nalu now", file=sys.stderr)
sys.exit(main())
