"""How an order of clips is cut into the batches of an epoch."""

import math
from collections.abc import Callable, Mapping

from torch import Tensor

from overheard.errors import ConfigError

Batching = Callable[[Tensor, int], list[Tensor]]
"""From an order of clips (clips,) and the size of a batch to the batches."""


def batches(order: Tensor, batch_size: int) -> list[Tensor]:
    """Cut an order of clips into as few batches as can be, of sizes that differ by one at the most.

    So no batch is much smaller than the others: batch norm weighs the statistics of every batch alike. No batch has
    a single clip, as one clip has no variance, where there are two.
    """
    clips = len(order)
    return list(order.tensor_split(max(1, min(math.ceil(clips / batch_size), clips // 2))))


def full_batches(order: Tensor, batch_size: int) -> list[Tensor]:
    """Batches of exactly this size; the clips that are left are dropped, others in each order.

    Source: the fusion program's loaders drop the last batch, in training and in validation.

    Raises:
        ConfigError: there are fewer clips than a batch has.
    """
    clips = len(order)
    if clips < batch_size:
        raise ConfigError(
            f"batch_size: found {batch_size}, expected at most {clips}, as incomplete batches are dropped; lower it, "
            "or keep all batches"
        )
    return list(order[: clips - clips % batch_size].split(batch_size))


BATCHINGS: Mapping[str, Batching] = {"all": batches, "drop_last": full_batches}
"""As a protocol names them."""
