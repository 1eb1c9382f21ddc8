"""What a keeper's process runs: `python -I config/embedded NAME VAR_DIR OPTION…`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from config.embedded import keeper

keeper.main(sys.argv[1:])
