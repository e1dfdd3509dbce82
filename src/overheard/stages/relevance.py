"""d_k: which events go with a scene, by the teacher (paper, equation 8)."""

from overheard.io import artifacts, clips
from overheard.io.signature import Reads, Writes
from overheard.learning.relevance import probabilities, scene_event_relevance, training_clips


def relevance(logits: Reads, logit_ids: Reads, index: Reads, splits: Reads, relevance: Writes) -> None:
    """Take the leading direction of the teacher's event probabilities over each scene's training clips.

    Args:
        logits: the teacher's event logits (clips, 527), .npy.
        logit_ids: the ids of its rows, .csv.
        index: the media index (id, class), .csv.
        splits: the split (id, split), .csv; clips outside `train` are not looked at.
        relevance: d_k, a line of unit norm per class, .csv.
    """
    scene, split = clips.scenes_and_splits(index, splits)
    ids, label, classes = training_clips(scene, split)
    heard = probabilities(clips.gathered(logits, logit_ids, ids))

    artifacts.write_event_matrix(relevance, classes, scene_event_relevance(heard, label, len(classes)))
