"""ONNX Runtime, started as all our networks need it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import onnxruntime


def session_for(model: bytes, *, threads: int | None) -> onnxruntime.InferenceSession:
    """A serialised model, ready to run on the CPU with so many threads; None: one for each core.

    May be used by several threads at once. ONNX Runtime tells its maker about its use unless it is
    imported with this variable set; it also starts threads at import, which would not survive a
    fork. So it is imported here, late.
    """
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads or 0
    options.inter_op_num_threads = 1
    # Threads that have nothing to do sleep, for other processes read photos on the same cores.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
