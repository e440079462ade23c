using System.Data.Common;
using Microsoft.Data.Sqlite;
using Orleans.Hosting;

namespace Atelier.Coordinator.Storage;

/// <summary>
/// A file of this machine: the default, for one coordinator at a time. Another one that is started over it waits until the first has
/// ended, however it ends.
/// </summary>
public sealed class SqliteDatabase : CoordinatorDatabase
{
    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(50);

    private readonly string _path;
    private readonly string _connectionString;
    private FileStream? _lock;

    /// <summary>Names the file, which is made with its tables.</summary>
    /// <param name="path">The file; not on a network file system, where SQLite's locks do not hold.</param>
    public SqliteDatabase(string path)
        : this(path, new SqliteConnectionStringBuilder { DataSource = path }.ConnectionString)
    {
    }

    private SqliteDatabase(string path, string connectionString)
        : base(SqliteFactory.Instance.CreateDataSource(connectionString)) => (_path, _connectionString) = (path, connectionString);

    /// <inheritdoc/>
    public override bool IsShared => false;

    /// <inheritdoc/>
    public override string Description => _path;

    private protected override string Tables => Script("sqlite.sql");

    internal override void Configure(ISiloBuilder silo)
    {
        silo.UseLocalhostClustering(gatewayPort: 0);
        KeepStates(silo, "System.Data.SQLite", _connectionString, takesTurns: true);
    }

    /// <inheritdoc/>
    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        await using (var one = new SqliteConnection(_connectionString))
            SqliteConnection.ClearPool(one);
        if (_lock is not null)
            await _lock.DisposeAsync();
    }

    private protected override async Task TakeAsync(Action<string> say, TimeProvider time, CancellationToken cancellation)
    {
        for (var isTold = false; _lock is null; isTold = true)
        {
            try
            {
                // The system lets go of it with the process.
                _lock = new FileStream($"{_path}.lock", FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException) when (File.Exists($"{_path}.lock"))
            {
                if (!isTold)
                    say($"another coordinator is using {_path}; waiting for it to exit");
                await Task.Delay(LookAgain, time, cancellation);
            }
        }
    }

    // Readers and the writer do not block each other; the file remembers it.
    private protected override Task PrepareAsync(DbConnection connection, CancellationToken cancellation) =>
        ExecuteAsync(connection, "PRAGMA journal_mode = WAL", cancellation);
}
