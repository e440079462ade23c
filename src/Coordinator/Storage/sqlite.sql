-- What Orleans' AdoNet provider for grains' states expects; see postgres.sql. A write is two statements, of which one answers.
CREATE TABLE OrleansQuery (QueryKey TEXT PRIMARY KEY, QueryText TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE orleans_state (
  service TEXT, kind TEXT, n0 INTEGER, n1 INTEGER, ext TEXT, version INTEGER NOT NULL, body BLOB,
  PRIMARY KEY (service, kind, n0, n1, ext)) WITHOUT ROWID;
INSERT INTO OrleansQuery VALUES
('ReadFromStorageKey', '
  SELECT body AS PayloadBinary, version AS Version FROM orleans_state
  WHERE service = @ServiceId AND kind = @GrainTypeString AND n0 = @GrainIdN0 AND n1 = @GrainIdN1
    AND ext = coalesce(@GrainIdExtensionString, '''')'),
('WriteToStorageKey', '
  UPDATE orleans_state SET version = version + 1, body = @PayloadBinary
  WHERE service = @ServiceId AND kind = @GrainTypeString AND n0 = @GrainIdN0 AND n1 = @GrainIdN1
    AND ext = coalesce(@GrainIdExtensionString, '''') AND version = @GrainStateVersion RETURNING version AS NewGrainStateVersion;
  INSERT INTO orleans_state
  SELECT @ServiceId, @GrainTypeString, @GrainIdN0, @GrainIdN1, coalesce(@GrainIdExtensionString, ''''), 1, @PayloadBinary
  WHERE @GrainStateVersion IS NULL ON CONFLICT DO NOTHING RETURNING version AS NewGrainStateVersion'),
('ClearStorageKey', '
  UPDATE orleans_state SET version = version + 1, body = NULL
  WHERE service = @ServiceId AND kind = @GrainTypeString AND n0 = @GrainIdN0 AND n1 = @GrainIdN1
    AND ext = coalesce(@GrainIdExtensionString, '''') AND version = @GrainStateVersion RETURNING version AS NewGrainStateVersion');
