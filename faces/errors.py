"""Everything that can go wrong in a way a person can mend.

FaceloopError                 one line for the person, exit code 1
├── BadPhoto                  a file that cannot be read as a photo
├── BadRequest                a request to the app that is not made as it should be
├── TooMuch                   more than is accepted at once
├── Busy                      no room or no time for it at this moment
├── AlbumGone                 pictures that are no longer kept
├── BadName                   a typed name that cannot be anybody's
├── StudioError               Label Studio answered, but not as it should
│   └── StudioUnreachable     Label Studio did not answer
├── NotEnoughToLearn          too few confirmed faces to train a classifier
├── BrokenModelVersion        a model version that is incomplete, changed or too new
├── StoreError                the database cannot be used as it is
└── SetupError                a wrong setting, a busy port, a missing folder
"""


class FaceloopError(Exception):
    """What happened, to what, and what to do; shown to the person as one line."""


class BadPhoto(FaceloopError):
    """A file cannot be read as a photo."""


class BadRequest(FaceloopError):
    """A request to the app is not made as it should be."""


class TooMuch(FaceloopError):
    """More was given than is accepted at once."""


class Busy(FaceloopError):
    """There is no room or no time for it at this moment; later there may be."""


class AlbumGone(FaceloopError):
    """What a visitor gave is no longer kept, or never was."""


class BadName(FaceloopError):
    """A typed name cannot be anybody's."""


class StudioError(FaceloopError):
    """Label Studio refused a request or answered something unexpected."""


class StudioUnreachable(StudioError):
    """Label Studio gave no answer."""


class NotEnoughToLearn(FaceloopError):
    """Too few faces are confirmed to train a classifier."""


class BrokenModelVersion(FaceloopError):
    """A model version is incomplete, was changed, or was written by a newer faceloop."""


class StoreError(FaceloopError):
    """The database is missing, damaged or of another version."""


class SetupError(FaceloopError):
    """A setting, port or folder stands in the way of starting."""
