using System.Data.Common;
using System.Text.Json;
using Orleans;
using Orleans.Runtime;
using Orleans.Storage;

namespace Atelier.Coordinator.Storage;

/// <summary>
/// States of grains as JSON rows. A row changes only if it is still the one that was read (its ETag), and only under the current
/// term. Every ETag is new, so that a row which was deleted and made again is never taken for the old one.
/// </summary>
internal sealed class SqlGrainStorage(CoordinatorDatabase database, long term) : IGrainStorage
{
    public async Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        await using var connection = await database.ConnectAsync(CancellationToken.None);
        var row = await connection.FirstAsync(
            "SELECT etag, state FROM grain_state WHERE grain = @grain AND name = @name", Key(grainId, stateName),
            reader => (ETag: reader.GetString(0), Json: reader.GetString(1)), CancellationToken.None);
        grainState.State = row.Json is null ? Activator.CreateInstance<T>() : Parse<T>(row.Json, stateName, grainId);
        grainState.ETag = row.ETag;
        grainState.RecordExists = row.ETag is not null;
    }

    public async Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        var etag = Guid.NewGuid().ToString("N");
        var json = JsonSerializer.Serialize(grainState.State);
        var sql = grainState.ETag is null
            ? "INSERT INTO grain_state (grain, name, etag, state) VALUES (@grain, @name, @new, @state) ON CONFLICT (grain, name) DO NOTHING"
            : "UPDATE grain_state SET etag = @new, state = @state WHERE grain = @grain AND name = @name AND etag = @etag";
        await ChangeAsync(sql, [("@new", etag), ("@state", json)], stateName, grainId, grainState.ETag, mayBeAbsent: false);
        grainState.ETag = etag;
        grainState.RecordExists = true;
    }

    public async Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        const string Sql = "DELETE FROM grain_state WHERE grain = @grain AND name = @name AND etag = @etag";
        await ChangeAsync(Sql, [], stateName, grainId, grainState.ETag, mayBeAbsent: grainState.ETag is null);
        grainState.State = Activator.CreateInstance<T>();
        grainState.ETag = null;
        grainState.RecordExists = false;
    }

    private static (string, object)[] Key(GrainId grain, string state) => [("@grain", grain.ToString()), ("@name", state)];

    private static T Parse<T>(string json, string stateName, GrainId grainId)
    {
        try
        {
            return JsonSerializer.Deserialize<T>(json)!;
        }
        catch (JsonException error)
        {
            throw new InvalidDataException($"The stored state {stateName} of {grainId} cannot be read as {typeof(T).Name}: {error.Message}", error);
        }
    }

    private static Task<string?> ETagOf(DbConnection connection, GrainId grain, string state) =>
        connection.FirstAsync("SELECT etag FROM grain_state WHERE grain = @grain AND name = @name", Key(grain, state), row => row.GetString(0), CancellationToken.None);

    /// <summary>Changes one row, in one transaction with the look at the term.</summary>
    /// <exception cref="IOException">The database fails: its disk is full, say.</exception>
    private async Task ChangeAsync(
        string sql, IReadOnlyList<(string, object)> values, string state, GrainId grain, string? etag, bool mayBeAbsent)
    {
        try
        {
            await ChangeInOneTransactionAsync(sql, values, state, grain, etag, mayBeAbsent);
        }
        catch (DbException error)
        {
            // Callers elsewhere in a cluster need not have the provider's exceptions.
            throw new IOException($"the coordinator's state could not be stored: {error.Message}");
        }
    }

    private async Task ChangeInOneTransactionAsync(
        string sql, IReadOnlyList<(string, object)> values, string state, GrainId grain, string? etag, bool mayBeAbsent)
    {
        await using var connection = await database.ConnectAsync(CancellationToken.None);
        await using var transaction = await connection.BeginTransactionAsync();
        var current = await connection.FirstAsync(
            $"SELECT term FROM coordinator_lease {database.HoldingTheLease}", [], row => row.GetInt64(0), CancellationToken.None);
        if (current != term)
            throw new DeposedException(term, current);
        var changed = await connection.ExecuteAsync(sql, [.. Key(grain, state), ("@etag", etag ?? ""), .. values], CancellationToken.None);
        if (changed == 0)
        {
            var stored = await ETagOf(connection, grain, state);
            if (stored is not null || !mayBeAbsent)
                throw new InconsistentStateException($"The stored state {state} of {grain} is not the one that was read.", stored, etag);
        }
        await transaction.CommitAsync();
    }
}
