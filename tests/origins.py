"""Whose numbers tests show: the twin's, a user's folder's, and the published record's, which no source makes yet."""

from overheard.scores.origin import Origin
from overheard.study.transfer.source import Directory, Twin

TWIN = Twin(kind="twin").origin("ADVANCE")
DIRECTORY = Directory(kind="directory", pairs="pairs").origin("ADVANCE")
RECORD = Origin("published record", "the published record of ADVANCE")
