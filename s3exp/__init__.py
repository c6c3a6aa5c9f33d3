"""s3exp: iterative dataset synthesis. A large language model writes training data; a small model's errors steer it."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from s3exp.library.run import run as run
    from s3exp.library.run import study as study
    from s3exp.synthesis.curating import Verdict as Verdict
    from s3exp.trained import load as load
    from s3exp.types import Completion as Completion
    from s3exp.types import Example as Example
    from s3exp.types import LLMFault as LLMFault
    from s3exp.types import UserError as UserError

__version__ = "0.1.0"

# the names of the library and their modules, imported at their first use
_HOMES = {
    "run": "s3exp.library.run",
    "load": "s3exp.trained",
    "study": "s3exp.library.run",
    "Verdict": "s3exp.synthesis.curating",
    "Completion": "s3exp.types",
    "Example": "s3exp.types",
    "LLMFault": "s3exp.types",
    "UserError": "s3exp.types",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 's3exp' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
