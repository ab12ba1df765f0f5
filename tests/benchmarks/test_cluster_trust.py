import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks import cluster_trust

pytestmark = pytest.mark.slow


def test_trust_is_told_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("DATA", "PEOPLE", "SEED", "SEEDS"):
        monkeypatch.delenv(name, raising=False)
    rng = np.random.default_rng(0)
    middles = np.repeat(rng.normal(size=(12, 128)) / np.sqrt(128), 6, axis=0)
    rows = (middles + rng.normal(scale=0.02, size=middles.shape)).astype("f4")
    names = [f"P{person}/{number}" for person in range(12) for number in range(6)]
    np.savez(tmp_path / "people.npz", names=np.array(names), enc=rows, mirrored=rows)
    monkeypatch.setattr("sys.argv", ["cluster_trust", str(tmp_path / "people.npz")])
    cluster_trust.main()
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (told["faces"], told["clusters"], told["impure"]) == (72, 12, 0)
    assert told["pure_sure"] == 1
    assert told["rivals"] == {}
