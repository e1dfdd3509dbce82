"""d_k: which events go with a scene, by the teacher (paper, equation 8)."""

from overheard.io import artifacts, clips
from overheard.io.signature import Reads, Writes
from overheard.learning.relevance import probabilities, scene_event_relevance, selected_clips


def relevance(
    logits: Reads,
    logit_ids: Reads,
    index: Reads,
    splits: Reads,
    relevance: Writes,
    prior_clips: str = "training_locations",
    relevance_vector: str = "gram_eigenvector",
    relevance_sign: str = "positive_sum",
    class_order: str = "alphabetical",
    listing: Reads | None = None,
) -> None:
    """Take one direction of the teacher's event probabilities over each scene's clips.

    Args:
        logits: the teacher's event logits (clips, 527), .npy.
        logit_ids: the ids of its rows, .csv.
        index: the media index (id, class), .csv.
        splits: the split (id, split), .csv.
        relevance: d_k, a line of unit norm per class, .csv.
        prior_clips: which clips: training_locations; of all splits seventy_percent or all.
        class_order: word of media.class_order, which numbers the classes.
        relevance_vector: gram_eigenvector or first_component.
        relevance_sign: positive_sum, largest_loading or largest_score.
        listing: ids in the order in which the released program found them (column id).
    """
    scene, split = clips.scenes_and_splits(index, splits)
    ids, label, classes = selected_clips(scene, split, prior_clips, class_order, clips.listed(listing))
    heard = probabilities(clips.gathered(logits, logit_ids, ids))

    found = scene_event_relevance(heard, label, len(classes), relevance_vector, relevance_sign)
    artifacts.write_event_matrix(relevance, classes, found)
