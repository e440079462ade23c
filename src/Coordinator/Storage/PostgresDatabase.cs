using System.Data.Common;
using Atelier.Core;
using Npgsql;
using Orleans.Hosting;

namespace Atelier.Coordinator.Storage;

/// <summary>A PostgreSQL database, which any number of coordinators share as replicas of one cluster.</summary>
public sealed class PostgresDatabase : CoordinatorDatabase
{
    /// <summary>Any number will do that all coordinators use.</summary>
    private const int TablesLock = 0x417465;

    private readonly NpgsqlConnectionStringBuilder _settings;

    /// <param name="connectionString">Where it is, as Npgsql reads it.</param>
    public PostgresDatabase(string connectionString)
        : this(Bounded(connectionString))
    {
    }

    private PostgresDatabase(NpgsqlConnectionStringBuilder settings)
        : base(NpgsqlDataSource.Create(settings.ConnectionString)) => _settings = settings;

    /// <summary>Whether a connection string has a password in it.</summary>
    /// <exception cref="UserErrorException">It is none; the message does not repeat it.</exception>
    public static bool HasPassword(string connectionString)
    {
        ArgumentNullException.ThrowIfNull(connectionString);
        // In the form of a URL, which Npgsql does not read, a password stands before the host.
        return connectionString.Contains("//", StringComparison.Ordinal) && connectionString.Contains('@', StringComparison.Ordinal)
            || Parse(connectionString) is { Password: not null };
    }

    /// <inheritdoc/>
    public override bool IsShared => true;

    /// <inheritdoc/>
    public override string Description => $"the database {_settings.Database} at {_settings.Host}";

    private protected override string Tables => Script("postgres.sql");

    internal override void Configure(ISiloBuilder silo)
    {
        silo.UseAdoNetClustering(clustering => (clustering.Invariant, clustering.ConnectionString) = ("Npgsql", _settings.ConnectionString));
        KeepStates(silo, "Npgsql", _settings.ConnectionString, takesTurns: false);
    }

    // Two sessions that create a table of one name at once would fail, IF NOT EXISTS or not.
    private protected override Task LockTablesAsync(DbConnection connection, CancellationToken cancellation) =>
        ExecuteAsync(connection, $"SELECT pg_advisory_xact_lock({TablesLock})", cancellation);

    private protected override async Task<DateTimeOffset?> NowAsync(DbConnection connection, CancellationToken cancellation)
    {
        await using var select = connection.CreateCommand();
        select.CommandText = "SELECT clock_timestamp()";
        return new DateTimeOffset((DateTime)(await select.ExecuteScalarAsync(cancellation))!);
    }

    private static NpgsqlConnectionStringBuilder Parse(string connectionString)
    {
        try
        {
            return new NpgsqlConnectionStringBuilder(connectionString);
        }
        catch (Exception e) when (e is ArgumentException or FormatException or KeyNotFoundException)
        {
            throw new UserErrorException("the database connection is not valid; write it as postgres:Host=HOST;Database=NAME;Username=USER", e);
        }
    }

    /// <summary>No statement waits for ever: a server that says nothing counts as gone.</summary>
    private static NpgsqlConnectionStringBuilder Bounded(string connectionString)
    {
        var given = Parse(connectionString);
        if (!given.ContainsKey("Timeout")) given.Timeout = 5;
        if (!given.ContainsKey("Command Timeout")) given.CommandTimeout = 5;
        if (!given.ContainsKey("Cancellation Timeout")) given.CancellationTimeout = 1000;
        if (!given.ContainsKey("Application Name")) given.ApplicationName = "atelier";
        return given;
    }
}
