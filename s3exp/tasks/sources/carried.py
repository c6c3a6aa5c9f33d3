"""The data sets that scikit-learn carries, as sources: `sklearn:iris`. Nothing is downloaded."""

from __future__ import annotations

from typing import Any

from s3exp.tasks.sources.table import Table
from s3exp.types import UserError

PREFIX = "sklearn:"
# the name of the target of each, which has none there
_TARGETS = {"iris": "species", "wine": "cultivar", "breast_cancer": "diagnosis", "diabetes": "progression"}


def read_carried(source: str) -> Table:
    """The rows of a data set of scikit-learn, with its target under a name of its own; classes by their names.

    Raises:
        UserError: there is no such set.
    """
    from sklearn import datasets

    name = source.removeprefix(PREFIX)
    if name not in _TARGETS:
        raise UserError(f"{source}: choose one of {', '.join(PREFIX + one for one in _TARGETS)}")
    more: dict[str, Any] = {"scaled": False} if name == "diabetes" else {}
    loaded = getattr(datasets, f"load_{name}")(**more)
    names = [str(one) for one in getattr(loaded, "target_names", ())]
    targets = [names[target] if names else float(target) for target in loaded.target]
    columns = [str(one) for one in loaded.feature_names]
    rows = [
        {**dict(zip(columns, map(float, row), strict=True)), _TARGETS[name]: target}
        for row, target in zip(loaded.data, targets, strict=True)
    ]
    return Table(rows)
