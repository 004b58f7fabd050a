"""The command of sequential MNIST by the name that it had before."""

import sys

from nalu.sequential.__main__ import main

sys.exit(main())
