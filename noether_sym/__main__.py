"""``python -m noether_sym``: the command line."""

from noether_sym.cli import main

if __name__ == "__main__":
    main()
