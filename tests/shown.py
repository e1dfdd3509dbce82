"""How tests' tables show scores and inputs."""

_AVERAGE = "averages over the classes, weighted by their clips"
METRICS = {
    "precision": {"label": "Precision", "decimals": 2, "says": _AVERAGE},
    "recall": {"label": "Recall", "decimals": 2, "says": _AVERAGE},
    "f_score": {"label": "F-score", "decimals": 2, "says": _AVERAGE},
    "accuracy": {"label": "Accuracy", "decimals": 1, "says": None},
}


def of(*words: str) -> dict:
    """Some of them."""
    return {word: METRICS[word] for word in words}


COLUMNS = {"none": "No input", "image": "Image", "sound": "Sound", "image+sound": "Image + sound"}
