"""p(e|s_k): how probable the teacher finds each event in each scene (paper, section 4.3)."""

from overheard.io import artifacts, clips
from overheard.io.signature import Reads, Writes
from overheard.learning.relevance import other_rows, probabilities, scene_event_prior, training_clips


def prior(logits: Reads, logit_ids: Reads, index: Reads, splits: Reads, prior: Writes, rows: str | None = None) -> None:
    """Average the teacher's event probabilities over each scene's training clips.

    Args:
        logits: the teacher's event logits (clips, 527), .npy.
        logit_ids: the ids of its rows, .csv.
        index: the media index (id, class), .csv.
        splits: the split (id, split), .csv; clips outside `train` are not looked at.
        prior: p(e|s_k), a line per class, .csv.
        rows: what a control makes of it: permuted or equal.
    """
    scene, split = clips.scenes_and_splits(index, splits)
    ids, label, classes = training_clips(scene, split)
    heard = probabilities(clips.gathered(logits, logit_ids, ids))

    measured = scene_event_prior(heard, label, len(classes))
    artifacts.write_event_matrix(prior, classes, other_rows(measured, rows) if rows else measured)
