"""Lightning as `pl`, without the packages that Torchmetrics would use for metrics which nobody asks for here.

Lightning imports Torchmetrics. That imports SciPy, Matplotlib and the models of Transformers where they are installed,
which takes longer than all the rest.
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


with (
    patch.object(imports, "RequirementCache", OwnNeeds),
    patch.object(imports, "package_available", lambda name: False),
):
    import torchmetrics  # noqa: F401 - first, since Lightning itself has to find what is installed

import pytorch_lightning as pl  # noqa: E402
from lightning_fabric.plugins.environments.lightning import LightningEnvironment  # noqa: E402

__all__ = ["LightningEnvironment", "pl"]
