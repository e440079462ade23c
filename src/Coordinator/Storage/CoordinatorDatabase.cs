using System.Data.Common;
using System.Globalization;
using System.Security.Cryptography;
using Atelier.Core;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Runtime.Hosting;
using Orleans.Storage;

namespace Atelier.Coordinator.Storage;

/// <summary>
/// The database in which coordinators keep what must outlive them: the states of the grains, and for replicas who of them is alive.
/// The tables and queries are those that Orleans' providers for ADO.NET expect; an activation that lost its place is kept from writing
/// by the version of each row (its ETag).
/// </summary>
public abstract class CoordinatorDatabase : IAsyncDisposable
{
    /// <summary>The version of the tables that this build makes and reads.</summary>
    private const int TablesVersion = 1;

    private const int SecretBytes = 32;

    private readonly DbDataSource _source;

    private protected CoordinatorDatabase(DbDataSource source) => _source = source;

    /// <summary>Whether several coordinators may serve over it at once, as replicas of one cluster.</summary>
    public abstract bool IsShared { get; }

    /// <summary>What it is called in messages; no secret is in it.</summary>
    public abstract string Description { get; }

    /// <summary>The statements that make the tables and queries of version 1.</summary>
    private protected abstract string Tables { get; }

    /// <summary>
    /// Takes the database for use, as soon as nobody else has it that may not share it, and makes the tables that are missing;
    /// several coordinators may do so at once.
    /// </summary>
    /// <param name="say">Told why it waits.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellation">Stops waiting.</param>
    /// <returns>Which cluster it is the database of.</returns>
    /// <exception cref="UserErrorException">Its tables are of another version.</exception>
    /// <exception cref="DbException">It cannot be reached or written now.</exception>
    public async Task<ClusterIdentity> OpenAsync(Action<string> say, TimeProvider time, CancellationToken cancellation)
    {
        await TakeAsync(say, time, cancellation);
        await using var connection = await _source.OpenConnectionAsync(cancellation);
        await PrepareAsync(connection, cancellation);
        if (await NowAsync(connection, cancellation) is { } now && ClockText.Warning(time.GetUtcNow(), now, Description) is { } warning)
            say(warning);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        await LockTablesAsync(connection, cancellation);
        await using var create = connection.CreateCommand();
        create.CommandText = "CREATE TABLE IF NOT EXISTS atelier_cluster (version INTEGER NOT NULL, id TEXT NOT NULL, secret TEXT NOT NULL)";
        await create.ExecuteNonQueryAsync(cancellation);
        var identity = await ReadAsync(connection, cancellation) ?? await BeginAsync(connection, cancellation);
        await transaction.CommitAsync(cancellation);
        return identity;
    }

    /// <summary>Whether it can be reached and written now.</summary>
    internal async Task<bool> CanBeWrittenAsync()
    {
        try
        {
            await using var connection = await _source.OpenConnectionAsync();
            await ExecuteAsync(connection, "UPDATE atelier_cluster SET version = version", CancellationToken.None);
            return true;
        }
        catch (Exception error) when (error is DbException or ObjectDisposedException)
        {
            return false;
        }
    }

    /// <summary>Lets a silo keep its grains' states here, and meet the other replicas.</summary>
    /// <param name="silo">What is configured.</param>
    internal abstract void Configure(ISiloBuilder silo);

    /// <inheritdoc/>
    public virtual async ValueTask DisposeAsync()
    {
        await _source.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    /// <summary>Waits for a database that one coordinator uses at a time.</summary>
    private protected virtual Task TakeAsync(Action<string> say, TimeProvider time, CancellationToken cancellation) => Task.CompletedTask;

    /// <summary>Sets up the database, outside of a transaction.</summary>
    private protected virtual Task PrepareAsync(DbConnection connection, CancellationToken cancellation) => Task.CompletedTask;

    /// <summary>What time it is where the database is; null where that is here.</summary>
    private protected virtual Task<DateTimeOffset?> NowAsync(DbConnection connection, CancellationToken cancellation) => Task.FromResult<DateTimeOffset?>(null);

    /// <summary>Lets one transaction at a time make tables.</summary>
    private protected virtual Task LockTablesAsync(DbConnection connection, CancellationToken cancellation) => Task.CompletedTask;

    /// <summary>Has grains keep their states here.</summary>
    private protected static void KeepStates(ISiloBuilder silo, string invariant, string connection, bool takesTurns)
    {
        silo.Services.AddOptions<AdoNetGrainStorageOptions>("Default").Configure(storage =>
            (storage.Invariant, storage.ConnectionString, storage.GrainStorageSerializer) = (invariant, connection, GrainStateJson.Instance));
        silo.Services.AddGrainStorage("Default", (services, name) =>
            new GrainStateStorage(AdoNetGrainStorageFactory.Create(services, name), takesTurns, services.GetRequiredService<DatabaseHealth>()));
    }

    private protected static async Task ExecuteAsync(DbConnection connection, string sql, CancellationToken cancellation)
    {
        await using var command = connection.CreateCommand();
        // Every text is a constant of this folder.
#pragma warning disable CA2100
        command.CommandText = sql;
#pragma warning restore CA2100
        await command.ExecuteNonQueryAsync(cancellation);
    }

    private async Task<ClusterIdentity?> ReadAsync(DbConnection connection, CancellationToken cancellation)
    {
        await using var select = connection.CreateCommand();
        select.CommandText = "SELECT version, id, secret FROM atelier_cluster";
        await using var row = await select.ExecuteReaderAsync(cancellation);
        if (!await row.ReadAsync(cancellation))
            return null;
        var version = Convert.ToInt32(row.GetValue(0), CultureInfo.InvariantCulture);
        return version == TablesVersion
            ? new(row.GetString(1), Convert.FromHexString(row.GetString(2)))
            : throw new UserErrorException($"the tables in {Description} have version {version}, but this version of Atelier reads version {TablesVersion}; use the version that made them, or another database");
    }

    private async Task<ClusterIdentity> BeginAsync(DbConnection connection, CancellationToken cancellation)
    {
        await ExecuteAsync(connection, Tables, cancellation);
        var identity = new ClusterIdentity(Guid.NewGuid().ToString("N"), RandomNumberGenerator.GetBytes(SecretBytes));
        await using var insert = connection.CreateCommand();
        insert.CommandText = "INSERT INTO atelier_cluster (version, id, secret) VALUES (@version, @id, @secret)";
        foreach (var (name, value) in ((string, object)[])[("@version", TablesVersion), ("@id", identity.Id), ("@secret", Convert.ToHexStringLower(identity.Secret))])
        {
            var parameter = insert.CreateParameter();
            (parameter.ParameterName, parameter.Value) = (name, value);
            insert.Parameters.Add(parameter);
        }

        await insert.ExecuteNonQueryAsync(cancellation);
        return identity;
    }

    /// <summary>A script beside this type.</summary>
    private protected static string Script(string name)
    {
        using var stream = typeof(CoordinatorDatabase).Assembly.GetManifestResourceStream(typeof(CoordinatorDatabase), name)!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}

/// <summary>Which database this is: made with it, and never changed. Workers tell a fresh database from the one that they know by it.</summary>
/// <param name="Id">Tells it apart.</param>
/// <param name="Secret">Known to whoever can read the database: replicas show it to each other.</param>
public sealed record ClusterIdentity(string Id, byte[] Secret);
