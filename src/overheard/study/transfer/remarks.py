"""What captions of a transfer must say: what is not as in the paper. Pure."""

from overheard.study.captions import protocol_name
from overheard.study.transfer.experiment import BLOCKS, Experiment, Network
from overheard.study.transfer.protocol import Protocol

_DEGRADED = {
    "zeroed": "zero (the training mean)",
    "mispaired": "of another location",
    "dark": "a quarter as bright",
    "rotated": "rotated by 90°",
    "noisy": "under noise of one standard deviation of the training clips",
}


def remarks(experiment: Experiment, protocol: Protocol) -> list[str]:
    """Lines that must stand in every caption: what is not as in the paper."""
    image, sound = experiment.networks.image, experiment.networks.sound
    lines = []
    control = experiment.control
    if control.redrawn:
        lines.append(f"CONTROL: {control.redrawn:.0%} of the training labels were drawn again, from all clips' labels.")
    if control.prior != "measured":
        how = {"permuted": "each scene has the next one's row", "equal": "all scenes have the mean row"}[control.prior]
        lines.append(f"CONTROL: the prior p(e|s) is not what was measured: {how}.")
    if control.teacher != "heard":
        whose = {"within_class": "of its class", "across": "of any class"}[control.teacher]
        lines.append(f"CONTROL: each clip has what the teacher heard at another location {whose} in its split.")
    for of in ("image", "sound"):
        if (how := getattr(control, f"test_{of}")) != "intact":
            lines.append(f"CONTROL: in the test every {of} is {_DEGRADED[how]}.")
    if image.name == "small":
        lines.append("Image network: small (64×64 pictures), in ResNet-101's place.")
    if image.name == "efficientnet_lite0":
        text = "Image network: EfficientNet-Lite0, trained on ImageNet, in ResNet-101's place"
        if image.frozen_blocks:
            text += f"{_kept(image)}; pictures are augmented only where none are kept"
        lines.append(text + ".")
    if sound.name == "small":
        lines.append("Sound network: small (log-mels pooled to 100 frames), in ResNet-50's place.")
    if sound.name == "mn04":
        lines.append(f"Sound network and teacher: the tagger mn04, in ResNet-50's place{_kept(sound)}.")
    own = {key: value for key, value in experiment.train.model_dump().items() if value is not None}
    words = ("learning_rate", "epochs", "steps", "batch_size", "patience", "schedule", "selection", "bn_statistics")
    shown = [f"{word.replace('_', ' ')} {str(own[word]).replace('_', ' ')}" for word in words if word in own]
    if shown:
        lines.append(f"Training settings of this experiment: {', '.join(shown)}.")
    return lines + _of_protocol(experiment, protocol)


def _kept(network: Network) -> str:
    if not network.frozen_blocks:
        return ""
    blocks = f"{network.frozen_blocks} of {BLOCKS[network.name]} blocks"
    return f"; its lower {blocks} are kept as given (none where it starts at random)"


def _of_protocol(experiment: Experiment, protocol: Protocol) -> list[str]:
    """Lines of what a protocol other than `corrected` does otherwise, or cannot do here."""
    lines = []
    if protocol.split_draw == "by_label":
        lines.append("One split for all seeds, drawn as the released program does: there are no folds.")
        if getattr(experiment.source, "listing", None) is None:
            lines.append("In what order the program would list this folder is not known: names are sorted.")
    if experiment.idle and not protocol_name(experiment).startswith("corrected"):
        reasons: dict[str, list[str]] = {}
        for name, reason in experiment.idle.items():
            reasons.setdefault(reason, []).append(name)
        said = "; ".join(f"{', '.join(names)} ({reason})" for reason, names in reasons.items())
        lines.append(f"Of the protocol these change nothing here: {said}.")
    return lines
