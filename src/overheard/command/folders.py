"""A user's folders by names and tables: what a run would refuse after minutes, or hours, is said before it starts."""

from pathlib import Path

from overheard.io import clips, media_folder
from overheard.media.split_draws import draw_of
from overheard.media.splits import check_splittable
from overheard.scheduling.reruns import Plan
from overheard.study.layout import fold_of
from overheard.study.loaded import Loaded


def check_folders(loaded: Loaded, plan: Plan) -> None:
    """Look at the folders that a run is going to decode, by the functions that its stages call.

    Raises:
        OverheardError: what the stages media or split would say.
    """
    if loaded.experiment.source.drawn:
        return
    folds = {fold_of(seed, loaded.experiment.split.folds) for seed in loaded.experiment.seeds}
    split = next((job for job in plan.scheduled if job.stage == "split"), None)
    for job in (job for job in plan.scheduled if job.stage == "media"):
        (folder,) = job.reads["folder"]
        found = media_folder.index(Path(folder), job.settings["collection"], job.settings["settings"].get("classes"))
        if job.settings["collection"] == "pairs" and split:
            listing = clips.listed(next(map(Path, split.reads.get("listing", ())), None))
            check_splittable(found.rows, draw_of(split.settings["settings"], listing), folds)
