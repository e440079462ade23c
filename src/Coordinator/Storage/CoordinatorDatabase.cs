using System.Data.Common;
using Orleans.Storage;

namespace Atelier.Coordinator.Storage;

/// <summary>
/// The database in which coordinators keep what must outlive them: the states of the grains, and the lease that says which of them
/// may write. All times in it are the database's own, so that coordinators need no common clock.
/// </summary>
public abstract class CoordinatorDatabase : IAsyncDisposable
{
    private const string Tables = """
        CREATE TABLE IF NOT EXISTS coordinator_lease (
            id INTEGER PRIMARY KEY CHECK (id = 1), term BIGINT NOT NULL, holder TEXT NOT NULL, expires_ms BIGINT NOT NULL);
        CREATE TABLE IF NOT EXISTS grain_state (
            grain TEXT NOT NULL, name TEXT NOT NULL, etag TEXT NOT NULL, state TEXT NOT NULL, PRIMARY KEY (grain, name));
        """;

    private readonly DbDataSource _source;

    private protected CoordinatorDatabase(DbDataSource source, string clock)
    {
        _source = source;
        Clock = clock;
        Lease = new CoordinatorLease(this);
    }

    /// <summary>The lease, of which there is one in a database.</summary>
    public CoordinatorLease Lease { get; }

    /// <summary>SQL for the time, in milliseconds since 1970. A test puts a table in its place.</summary>
    internal string Clock { get; set; }

    /// <summary>What a select of the lease ends with, so that no term begins before the transaction ends.</summary>
    internal abstract string HoldingTheLease { get; }

    /// <summary>Where the grains of a coordinator keep their states.</summary>
    /// <param name="term">The term of the coordinator's lease; once another term begins, every write is refused.</param>
    public IGrainStorage GrainStorage(long term)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(term, 1);
        return new SqlGrainStorage(this, term);
    }

    /// <summary>Creates the tables that are missing; several coordinators may do so at once.</summary>
    /// <param name="cancellationToken">Stops before they are there.</param>
    public async Task CreateTablesAsync(CancellationToken cancellationToken)
    {
        await using var connection = await ConnectAsync(cancellationToken);
        await PrepareAsync(connection, cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await connection.ExecuteAsync($"{OneAtATime} {Tables}", [], cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public virtual async ValueTask DisposeAsync()
    {
        await _source.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    /// <summary>An open connection, of the caller's.</summary>
    internal async Task<DbConnection> ConnectAsync(CancellationToken cancellationToken)
    {
        var connection = await _source.OpenConnectionAsync(cancellationToken);
        try
        {
            await ConfigureAsync(connection, cancellationToken);
            return connection;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    /// <summary>A statement, with a blank after it, that lets one transaction at a time create tables.</summary>
    private protected abstract string OneAtATime { get; }

    /// <summary>Sets up a connection.</summary>
    private protected virtual Task ConfigureAsync(DbConnection connection, CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Sets up the database, outside of a transaction.</summary>
    private protected virtual Task PrepareAsync(DbConnection connection, CancellationToken cancellationToken) => Task.CompletedTask;
}
