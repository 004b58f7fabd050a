"""``python -m nalu``."""

import sys

from nalu.cli import main

sys.exit(main())
