using System.Data.Common;
using Microsoft.Data.Sqlite;

namespace Atelier.Coordinator.Storage;

/// <summary>
/// A file of this machine: the default, for one coordinator and its successor on the same machine. The clock is the machine's.
/// Every transaction that writes takes the file's lock when it begins.
/// </summary>
public sealed class SqliteDatabase : CoordinatorDatabase
{
    private readonly string _connectionString;

    /// <summary>Opens the file, which is created with its tables.</summary>
    /// <param name="path">The file; not on a network file system, where SQLite's locks do not hold.</param>
    public SqliteDatabase(string path)
        : this(new SqliteConnectionStringBuilder { DataSource = path })
    {
    }

    private SqliteDatabase(SqliteConnectionStringBuilder settings)
        : base(SqliteFactory.Instance.CreateDataSource(settings.ConnectionString), "CAST(unixepoch('subsec') * 1000 AS INTEGER)") =>
        _connectionString = settings.ConnectionString;

    internal override string HoldingTheLease => "";

    private protected override string OneAtATime => "";

    /// <inheritdoc/>
    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        await using var one = new SqliteConnection(_connectionString);
        SqliteConnection.ClearPool(one);
    }

    // Waiting inside SQLite is finer than the provider's own, which looks again every 150 ms.
    private protected override Task ConfigureAsync(DbConnection connection, CancellationToken cancellationToken) =>
        connection.ExecuteAsync("PRAGMA busy_timeout = 10000; PRAGMA synchronous = FULL;", [], cancellationToken);

    // Readers and the writer do not block each other; the file remembers it.
    private protected override Task PrepareAsync(DbConnection connection, CancellationToken cancellationToken) =>
        connection.ExecuteAsync("PRAGMA journal_mode = WAL;", [], cancellationToken);
}
