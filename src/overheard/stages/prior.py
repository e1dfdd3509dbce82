"""p(e|s_k): how probable the teacher finds each event in each scene (paper, section 4.3)."""

from overheard.io import artifacts, clips
from overheard.io.signature import Reads, Writes
from overheard.learning.relevance import other_rows, probabilities, scene_event_prior, selected_clips


def prior(
    logits: Reads,
    logit_ids: Reads,
    index: Reads,
    splits: Reads,
    prior: Writes,
    prior_clips: str = "training_locations",
    class_order: str = "alphabetical",
    rows: str | None = None,
    listing: Reads | None = None,
) -> None:
    """Average the teacher's event probabilities over each scene's clips, those that the protocol selects.

    Args:
        logits: the teacher's event logits (clips, 527), .npy.
        logit_ids: the ids of its rows, .csv.
        index: the media index (id, class), .csv.
        splits: the split (id, split), .csv.
        prior: p(e|s_k), a line per class, .csv.
        prior_clips: which clips: training_locations; of all splits seventy_percent or all.
        class_order: word of media.class_order, which numbers the classes.
        rows: what a control makes of it: permuted or equal.
        listing: ids in the order in which the released program found them (column id).
    """
    scene, split = clips.scenes_and_splits(index, splits)
    ids, label, classes = selected_clips(scene, split, prior_clips, class_order, clips.listed(listing))
    heard = probabilities(clips.gathered(logits, logit_ids, ids))

    measured = scene_event_prior(heard, label, len(classes))
    artifacts.write_event_matrix(prior, classes, other_rows(measured, rows) if rows else measured)
