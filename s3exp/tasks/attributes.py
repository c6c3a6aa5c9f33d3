"""Attributes of seeds, such as a length or a place: a value of each is drawn for every seed prompt.

After attributed prompts (Yu et al. 2023, "Large Language Model as Attributed Training Data Generator").
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from s3exp.seeds import stream
from s3exp.settings.task import AttributeConfig, TaskConfig
from s3exp.types import Target


def drawn_attributes(config: TaskConfig, target: Target, seed: int, row: int) -> dict[str, str]:
    """The attributes of seed row `row` of the run `seed`, each from a stream of its own: values are equally likely."""
    return {
        name: stream(seed, "attribute", name, row).choice(_values(config, one, target))
        for name, one in config.attributes.items()
    }


def _values(config: TaskConfig, one: AttributeConfig, target: Target) -> Sequence[str]:
    if not one.by_label:
        return one.values
    assert isinstance(target, int)  # checked with the config
    lists: Mapping[str, Any] = {str(name): texts for name, texts in one.by_label.items()}
    texts: Sequence[str] = lists[str(config.labels[target])]
    return texts
