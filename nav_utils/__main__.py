"""`python -m nav_utils` is the command `nav-utils`."""

import sys

from nav_utils.commands import main

sys.exit(main())
