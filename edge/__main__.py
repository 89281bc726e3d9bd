"""``python -m edge`` is ``leukoscope``."""

import sys

from edge.cli import main

sys.exit(main())
