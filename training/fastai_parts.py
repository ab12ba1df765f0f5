"""What we use of fastai, imported without the warnings that it causes.

fastai asks torch and pandas for what they are about to drop; none of that is used here.
"""

from __future__ import annotations

import warnings

with warnings.catch_warnings():
    warnings.filterwarnings("ignore", r"`torch\.jit\.script` is deprecated")
    warnings.filterwarnings("ignore", r"The 'mode\.chained_assignment' option is deprecated")
    import fastai.callback.schedule  # noqa: F401  # gives Learner its fit_one_cycle
    from fastai.callback.core import Callback, CancelFitException, TrainEvalCallback
    from fastai.callback.tracker import TrackerCallback
    from fastai.data.core import DataLoaders
    from fastai.data.load import DataLoader
    from fastai.interpret import Interpretation
    from fastai.learner import Learner, Metric, Recorder
    from fastai.losses import CrossEntropyLossFlat

__all__ = [
    "Callback",
    "CancelFitException",
    "CrossEntropyLossFlat",
    "DataLoader",
    "DataLoaders",
    "Interpretation",
    "Learner",
    "Metric",
    "Recorder",
    "TrackerCallback",
    "TrainEvalCallback",
]
