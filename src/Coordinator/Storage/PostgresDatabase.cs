using Npgsql;

namespace Atelier.Coordinator.Storage;

/// <summary>A PostgreSQL database, for coordinators on several machines. The clock is the server's.</summary>
/// <param name="connectionString">Where it is, as Npgsql reads it.</param>
public sealed class PostgresDatabase(string connectionString)
    : CoordinatorDatabase(NpgsqlDataSource.Create(connectionString), "CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)")
{
    /// <summary>Any number will do that all coordinators use.</summary>
    private const int TablesLock = 0x417465;

    // The row's lock makes a new term wait for this transaction, and makes this transaction see a term that came first.
    internal override string HoldingTheLease => "FOR SHARE";

    // Two sessions that create a table of one name at once would fail, IF NOT EXISTS or not.
    private protected override string OneAtATime => $"SELECT pg_advisory_xact_lock({TablesLock});";
}
