"""``python -m minimal_order``: the same as ``minimal-order``."""

from .cli import main

if __name__ == "__main__":
    raise SystemExit(main())
