"""s3exp: iterative dataset synthesis. A large language model writes training data; a small model's errors steer it.

`s3exp.load(RUN)` is a finished run with its small model, see s3exp/trained.py. It is imported when it is first used, so
that `import s3exp` stays instant.
"""

from typing import Any

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    if name == "load":
        from s3exp.trained import load

        return load
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
