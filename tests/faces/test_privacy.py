"""Nobody is told anything: what the libraries would report by themselves is off."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ENCODE_A_FACE = """
import numpy as np
from faces.encode import Encoder
from faces.records import Box
Encoder(threads=1).encode(np.zeros((200, 200, 3), dtype=np.uint8), [Box(40, 40, 120, 120)])
"""


def test_encoding_leaves_no_trace_of_telemetry_at_home(tmp_path: Path) -> None:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("ORT_", "XDG_"))}
    subprocess.run(
        [sys.executable, "-c", ENCODE_A_FACE],
        check=True,
        env={**kept, "HOME": str(tmp_path)},
        cwd=Path(__file__).parents[2],
    )
    assert list(tmp_path.rglob("*")) == []
