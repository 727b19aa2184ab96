"""`python -m dropcut_cli`; the script `dropcut` at the top of the repository calls it."""

import sys

from dropcut_cli.command import main

sys.exit(main())
