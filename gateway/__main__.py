"""``python -m gateway``: the same as ``promotion-gateway``."""

import sys

from gateway.cli import main

sys.exit(main())
