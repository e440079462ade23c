-- What Orleans' AdoNet providers of version 10 expect: a row per silo in a table with a version, a row per state of a grain, and
-- the queries over them by name. A membership change always answers with one boolean; a state's write that loses against another
-- one answers with no row.
CREATE TABLE OrleansQuery (QueryKey text PRIMARY KEY, QueryText text NOT NULL);
CREATE TABLE silo_table (cluster text PRIMARY KEY, version int NOT NULL DEFAULT 0);
CREATE TABLE silo (
  cluster text REFERENCES silo_table, address text, port int, generation int,
  name text NOT NULL, host text NOT NULL, status int NOT NULL, gateway int NOT NULL,
  suspects text, started timestamptz NOT NULL, alive timestamptz NOT NULL,
  PRIMARY KEY (cluster, address, port, generation));
CREATE VIEW silo_row AS
  SELECT t.cluster, t.version AS "Version", s.address AS "Address", s.port AS "Port", s.generation AS "Generation",
         s.name AS "SiloName", s.host AS "HostName", s.status AS "Status", s.gateway AS "ProxyPort",
         s.suspects AS "SuspectTimes", s.started AS "StartTime", s.alive AS "IAmAliveTime"
  FROM silo_table t LEFT JOIN silo s USING (cluster);
CREATE TABLE orleans_state (
  service text, kind text, n0 bigint, n1 bigint, ext text, version int NOT NULL, body bytea,
  PRIMARY KEY (service, kind, n0, n1, ext));
INSERT INTO OrleansQuery VALUES
('InsertMembershipVersionKey', $q$
  WITH i AS (INSERT INTO silo_table(cluster) VALUES (@DeploymentId) ON CONFLICT DO NOTHING RETURNING 1)
  SELECT count(*) > 0 FROM i $q$),
('InsertMembershipKey', $q$
  WITH v AS (UPDATE silo_table SET version = version + 1 WHERE cluster = @DeploymentId AND version = @Version RETURNING 1),
       m AS (INSERT INTO silo
             SELECT @DeploymentId, @Address, @Port, @Generation, @SiloName, @HostName, @Status, @ProxyPort, NULL, @StartTime, @IAmAliveTime
             FROM v ON CONFLICT DO NOTHING RETURNING 1)
  SELECT count(*) > 0 FROM m $q$),
('UpdateMembershipKey', $q$
  WITH v AS (UPDATE silo_table SET version = version + 1 WHERE cluster = @DeploymentId AND version = @Version RETURNING 1),
       m AS (UPDATE silo SET status = @Status, suspects = @SuspectTimes, alive = @IAmAliveTime FROM v
             WHERE cluster = @DeploymentId AND address = @Address AND port = @Port AND generation = @Generation RETURNING 1)
  SELECT count(*) > 0 FROM m $q$),
('UpdateIAmAlivetimeKey', $q$
  UPDATE silo SET alive = @IAmAliveTime
  WHERE cluster = @DeploymentId AND address = @Address AND port = @Port AND generation = @Generation $q$),
('MembershipReadAllKey', $q$ SELECT * FROM silo_row WHERE cluster = @DeploymentId $q$),
('MembershipReadRowKey', $q$
  SELECT t.version AS "Version", r."Address", r."Port", r."Generation", r."SiloName", r."HostName", r."Status",
         r."ProxyPort", r."SuspectTimes", r."StartTime", r."IAmAliveTime"
  FROM silo_table t LEFT JOIN silo_row r
    ON r.cluster = t.cluster AND r."Address" = @Address AND r."Port" = @Port AND r."Generation" = @Generation
  WHERE t.cluster = @DeploymentId $q$),
('GatewaysQueryKey', $q$
  SELECT "Address", "ProxyPort", "Generation" FROM silo_row
  WHERE cluster = @DeploymentId AND "Status" = @Status AND "ProxyPort" > 0 $q$),
('CleanupDefunctSiloEntriesKey', $q$
  DELETE FROM silo WHERE cluster = @DeploymentId AND alive < @IAmAliveTime AND status <> 3 $q$),
('DeleteMembershipTableEntriesKey', $q$
  DELETE FROM silo WHERE cluster = @DeploymentId; DELETE FROM silo_table WHERE cluster = @DeploymentId $q$),
('ReadFromStorageKey', $q$
  SELECT body AS "PayloadBinary", version AS "Version" FROM orleans_state
  WHERE service = @ServiceId AND kind = @GrainTypeString AND n0 = @GrainIdN0 AND n1 = @GrainIdN1
    AND ext = coalesce(@GrainIdExtensionString, '') $q$),
('WriteToStorageKey', $q$
  WITH u AS (UPDATE orleans_state SET version = version + 1, body = @PayloadBinary
             WHERE service = @ServiceId AND kind = @GrainTypeString AND n0 = @GrainIdN0 AND n1 = @GrainIdN1
               AND ext = coalesce(@GrainIdExtensionString, '') AND version = @GrainStateVersion RETURNING version),
       i AS (INSERT INTO orleans_state
             SELECT @ServiceId, @GrainTypeString, @GrainIdN0, @GrainIdN1, coalesce(@GrainIdExtensionString, ''), 1, @PayloadBinary
             WHERE @GrainStateVersion IS NULL ON CONFLICT DO NOTHING RETURNING version)
  SELECT version AS "NewGrainStateVersion" FROM u UNION ALL SELECT version FROM i $q$),
('ClearStorageKey', $q$
  UPDATE orleans_state SET version = version + 1, body = NULL
  WHERE service = @ServiceId AND kind = @GrainTypeString AND n0 = @GrainIdN0 AND n1 = @GrainIdN1
    AND ext = coalesce(@GrainIdExtensionString, '') AND version = @GrainStateVersion RETURNING version AS "NewGrainStateVersion" $q$);
