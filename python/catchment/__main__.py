"""``python -m catchment FILE.py:NAME < lines``: runs a handler by hand."""

import sys

from catchment._hand import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
