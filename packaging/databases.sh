#!/bin/sh
# Run once by PostgreSQL's image, when its volume is empty: one database each for faceloop and for
# Label Studio, each with its own role, so that neither reads what the other keeps.
set -eu

psql --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres \
    --set faceloop_password="$FACELOOP_DB_PASSWORD" \
    --set studio_password="$STUDIO_DB_PASSWORD" <<'SQL'
CREATE ROLE faceloop LOGIN PASSWORD :'faceloop_password';
CREATE ROLE studio LOGIN PASSWORD :'studio_password';
CREATE DATABASE faceloop OWNER faceloop;
CREATE DATABASE studio OWNER studio;
REVOKE CONNECT ON DATABASE faceloop FROM PUBLIC;
REVOKE CONNECT ON DATABASE studio FROM PUBLIC;
SQL
