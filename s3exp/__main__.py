"""The `s3exp` command: python -m s3exp is the same."""

from __future__ import annotations

from s3exp.commands.run import main

if __name__ == "__main__":
    main()
