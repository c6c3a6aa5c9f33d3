"""Lightning as `pl`, without the packages that Torchmetrics would use for metrics which nobody asks for here.

Lightning imports Torchmetrics. That imports SciPy, Matplotlib and the models of Transformers where they are installed,
which takes about as long as all the rest. In a process that comes here first, those of its metrics that need them say
that they are not installed; code of a user that wants them imports torchmetrics before it trains.
"""

from __future__ import annotations

from unittest.mock import patch

from lightning_utilities.core import imports
from packaging.requirements import Requirement


class OwnNeeds(imports.RequirementCache):
    """Says of every optional package of Torchmetrics that it is not installed."""

    def __bool__(self) -> bool:
        """Whether the package is there, and is one that Torchmetrics needs."""
        needed = self.requirement and Requirement(self.requirement).name in ("torch", "torchmetrics")
        return bool(needed) and super().__bool__()


# Torchmetrics has no option for it, and `patch` puts both back whatever the import raises
with (
    patch.object(imports, "RequirementCache", OwnNeeds),
    patch.object(imports, "package_available", lambda name: False),
):
    import torchmetrics  # noqa: F401 - first, since Lightning itself has to find what is installed

import pytorch_lightning as pl  # noqa: E402
from lightning_fabric.plugins.environments.lightning import LightningEnvironment  # noqa: E402

__all__ = ["LightningEnvironment", "pl"]
