"""The paper's full encoders: ResNet-101 for pictures, ResNet-50 for log-mels (section 5.1).

Names in the state dict are torchvision's without `fc`, as in the checkpoints of the released program; torchvision is
imported only when one of these is asked for, because training with the small networks must not wait for it.
"""

from torch import nn


def resnet101() -> nn.Module:
    """ResNet-101 for pictures (clips, 3, height, width); its representation is the pooled last stage, 2048 wide."""
    from torchvision.models import resnet101

    return _without_classifier(resnet101(weights=None))


def resnet50() -> nn.Module:
    """ResNet-50 for log-mels (clips, 1, time, band): a first convolution with one channel and stride 1, as released."""
    from torchvision.models import resnet50

    network = resnet50(weights=None)
    network.conv1 = nn.Conv2d(1, 64, kernel_size=7, stride=1, padding=3, bias=False)
    return _without_classifier(network)


def _without_classifier(network: nn.Module) -> nn.Module:
    network.width = network.fc.in_features
    network.fc = nn.Identity()
    return network
