"""Helper processes: `python -I config/embedded NAME VAR_DIR OPTION…` keeps a server, `… guard LAUNCHER` guards."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from config.embedded import keeper, leftovers

if sys.argv[1] == "guard":
    leftovers.guard(sys.argv[2])
else:
    keeper.main(sys.argv[1:])
