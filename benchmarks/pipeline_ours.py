"""Our side of the benchmark `pipeline`: FOLDER PROCESSES, and what else only the rival needs."""

from __future__ import annotations

import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.convention import note_progress, tell
from faces.media import Media
from faces.store.database import Store
from sync.clustering import cluster_photos
from sync.ingest import ingest_folder


def run(folder: Path, *, processes: int) -> dict[str, int]:
    """Find the faces of a folder and group them, into a store that is thrown away."""
    with tempfile.TemporaryDirectory(prefix="faceloop-bench-") as beside:
        workspace = Path(beside)
        store = Store(f"sqlite:///{workspace / 'faceloop.sqlite3'}")
        store.migrate(lock=workspace / "migrate.lock")
        ingested = ingest_folder(
            store,
            folder,
            media=Media(media=workspace / "media", workspace=workspace),
            jobs=processes,
            now=datetime.now(UTC),
            on_progress=note_progress("photos"),
        )
        clustered = cluster_photos(store, now=datetime.now(UTC))
        store.close()
    return {
        "photos": ingested.found - ingested.refused,
        "faces": ingested.faces,
        "clusters": clustered.clusters,
        "clustered_faces": clustered.clustered_faces,
    }


if __name__ == "__main__":
    _folder, _processes, *_for_rivals = sys.argv[1:]
    tell(run(Path(_folder), processes=int(_processes)))
