"""``python -m nalu``."""

import sys

from nalu.support.command import REFUSED, complain
from nalu.support.extras import Missing

try:
    from nalu.cli import main
except Missing as lacking:
    complain(lacking)
    sys.exit(REFUSED)

sys.exit(main())
