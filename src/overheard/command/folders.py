"""A user's folders by names and tables: what a run would refuse after minutes, or hours, is said before it starts."""

from pathlib import Path

from overheard.io import clips, media_folder
from overheard.media.split_draws import draw_of
from overheard.media.splits import check_splittable
from overheard.scheduling.reruns import Plan
from overheard.study.experiments import Loaded
from overheard.study.layout import fold_of
from overheard.study.transfer import job_settings
from overheard.study.transfer.job_files import its


def check_folders(loaded: Loaded, plan: Plan) -> None:
    """Look at the folders that a run is going to decode, by the functions that its stages call.

    Raises:
        OverheardError: what the stages media or split would say.
    """
    folds = {fold_of(seed, loaded.experiment.split.folds) for seed in loaded.experiment.seeds}
    for job in plan.scheduled:
        if job.stage == "media" and not loaded.experiment.source.drawn:
            (folder,) = job.reads["folder"]
            found = media_folder.index(
                Path(folder), job.settings["collection"], job.settings["settings"].get("classes")
            )
            if job.settings["collection"] == "pairs" and "split" in plan.by_stage():
                given = job_settings.listing(*its(loaded), "split")
                listing = clips.listed(Path(given["listing"])) if given else None
                check_splittable(found.rows, draw_of(job_settings.split_settings(*its(loaded)), listing), folds)
