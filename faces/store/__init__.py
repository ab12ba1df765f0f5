"""The database: photos, faces, encodings, the log, clusters, proposals, what was pushed."""
