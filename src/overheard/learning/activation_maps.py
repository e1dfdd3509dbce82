"""Class activation maps: which places of a picture speak for a scene (paper, section 5.2, Figures 1 and 7).

A student's scene head is linear on [image, sound], so the picture's part of a scene's logit is a sum over places of
the image encoder's last feature map. The map shows the summands. Where the encoder pools by the mean they are the map
of Zhou et al. (2016): the product of the feature map and the head's weights, as in the authors' `kd_cam.py`. The small
encoder adds each channel's maximum: its summand belongs to the place where it stands. Both are gradient times
activation, place by place (HiResCAM, Draelos and Carin 2020).
"""

from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor, nn

from overheard.learning.models.student import Student
from overheard.learning.objective import say


class LastMap(NamedTuple):
    """An image network's last feature map: all after it pools."""

    module: str  # whose output it is
    middle: float  # where the field of a place has its middle: 0 and 1 are the borders of the place's cell


LAST_MAP: Mapping[str, LastMap] = {
    "small": LastMap("layers", 2 / 16),
    "resnet101": LastMap("layer4", 0.5 / 32),
    "efficientnet_lite0": LastMap("features", 31.5 / 32),
}
"""A stride of 2 looks at the pixels around every other one: the first with padding at both ends, the second at one."""


def activation_maps(
    student: Student, network: str, inputs: dict[str, Tensor], scene: Tensor, bf16: bool = False
) -> tuple[Tensor, Tensor]:
    """The map of one scene for each picture, and what the student says of it.

    Args:
        student: with an image encoder; it is put in eval mode.
        network: that encoder's name.
        inputs: of every trained modality, as a student takes them.
        scene: (clips,) int64, the scene each map is of.
        bf16: run the networks in bfloat16.

    Returns:
        (clips, rows, columns) float32, which summed over places are the picture's part of the scene's logit, without
        the bias; and the scene logits (clips, scenes).
    """
    encoder: nn.Module = student.eval().encoders["image"]
    found: list[Tensor] = []

    def cut(_: nn.Module, __: object, output: Tensor) -> Tensor:
        # what comes after starts anew here, so that nothing before it is kept for a gradient
        found.append(output.detach().requires_grad_())
        return found[0]

    hook = encoder.get_submodule(LAST_MAP[network].module).register_forward_hook(cut)
    try:
        with torch.enable_grad():
            logits = say(student, inputs, bf16).scene_logits
            chosen = logits.gather(1, scene[:, None].to(logits.device)).sum()
            (gradient,) = torch.autograd.grad(chosen, found)
    finally:
        hook.remove()
    return (gradient.float() * found[0].detach().float()).sum(dim=1), logits.detach()
