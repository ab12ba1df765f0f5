"""ONNX Runtime, started as all our networks need it; the only place that knows it."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import numpy.typing as npt


class RunningNetwork:
    """A network with one input, ready to run; threads may share it."""

    def __init__(self, model: bytes, *, threads: int | None, keeps_memory: bool = True) -> None:
        """Load a serialised ONNX model, to use so many threads; None: one for each core.

        What an answer took is kept for the next one, and grows with the largest, unless told not
        to; to take it anew costs a large picture an eighth to a quarter more time, a face nothing.

        ONNX Runtime tells its maker about its use unless it is imported with this variable set; it
        also starts threads at import, which would not survive a fork. So it is imported here, late.
        """
        os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads or 0
        options.inter_op_num_threads = 1
        # Threads that have nothing to do sleep, for other processes read photos on the same cores.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = onnxruntime.InferenceSession(
            model, options, providers=["CPUExecutionProvider"]
        )
        self._input = self._session.get_inputs()[0].name
        self._run = onnxruntime.RunOptions()
        if not keeps_memory:
            self._run.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")

    def answer(self, values: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
        """What the network makes of these values, by its first output."""
        answer: npt.NDArray[np.float32] = self._answered(None, values)[0]
        return answer

    def answers(self, values: npt.NDArray[Any]) -> dict[str, npt.NDArray[np.float32]]:
        """What a network with several outputs makes of these values, by their names."""
        names = [output.name for output in self._session.get_outputs()]
        return dict(zip(names, self._answered(names, values), strict=True))

    def _answered(
        self, names: list[str] | None, values: npt.NDArray[Any]
    ) -> list[npt.NDArray[np.float32]]:
        """The outputs of these names, or all."""
        outputs: list[npt.NDArray[np.float32]] = self._session.run(
            names, {self._input: values}, self._run
        )
        return outputs
