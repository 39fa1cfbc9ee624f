"""`python -m spinemc` is the command line."""

from spinemc.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
