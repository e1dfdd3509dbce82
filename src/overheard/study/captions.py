"""What every caption of an experiment must say: what is not as in the paper."""

from overheard.study.config import BLOCKS, Experiment, Network


def remarks(experiment: Experiment) -> list[str]:
    """Lines that must stand in every caption: what is not as in the paper."""
    image, sound = experiment.networks.image, experiment.networks.sound
    lines = []
    control = experiment.control
    if control.redrawn:
        lines.append(f"CONTROL: {control.redrawn:.0%} of the training labels were drawn again, from all clips' labels.")
    if control.prior != "measured":
        how = {"permuted": "each scene has the next one's row", "equal": "all scenes have the mean row"}[control.prior]
        lines.append(f"CONTROL: the prior p(e|s) is not what was measured: {how}.")
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
    return lines


def _kept(network: Network) -> str:
    if not network.frozen_blocks:
        return ""
    blocks = f"{network.frozen_blocks} of {BLOCKS[network.name]} blocks"
    return f"; its lower {blocks} are kept as given (none where it starts at random)"
