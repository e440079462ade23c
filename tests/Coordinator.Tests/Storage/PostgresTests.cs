using System.Data.Common;
using Atelier.Coordinator.Storage;
using Npgsql;
using Orleans;

namespace Atelier.Coordinator.Tests.Storage;

public sealed class PostgresLeaseTests(PostgresServer server) : LeaseConformance
{
    private string _schema = "";

    protected override async Task PrepareAsync() => _schema = await server.SchemaOrSkipAsync();

    protected override CoordinatorDatabase Open() => new PostgresDatabase(_schema);
}

public sealed class PostgresGrainStorageTests(PostgresServer server) : GrainStorageConformance
{
    private string _schema = "";

    [Fact]
    public async Task Write_ThatHasSeenItsTerm_KeepsAnotherFromBeginningUntilItEnds()
    {
        var storage = await AcquireAsync(First);
        var state = new GrainState<Notes>(new Notes());
        await storage.WriteStateAsync("notes", Grain, state);
        await using var blocker = await First.ConnectAsync(Cancellation);
        await using var blocking = await blocker.BeginTransactionAsync(Cancellation);
        await blocker.ExecuteAsync("SELECT 1 FROM grain_state FOR UPDATE", [], Cancellation);

        var write = Task.Run(() => storage.WriteStateAsync("notes", Grain, state), Cancellation);
        await using var observer = await Second.ConnectAsync(Cancellation);
        while (!await IsWaitingAsync(observer))
            Assert.False(write.IsCompleted);

        var refused = await Assert.ThrowsAsync<PostgresException>(
            () => observer.ExecuteAsync("SELECT 1 FROM coordinator_lease FOR UPDATE NOWAIT", [], Cancellation));
        Assert.Equal(PostgresErrorCodes.LockNotAvailable, refused.SqlState);
        await blocking.CommitAsync(Cancellation);
        await write;
        await observer.ExecuteAsync("SELECT 1 FROM coordinator_lease FOR UPDATE NOWAIT", [], Cancellation);
    }

    protected override async Task PrepareAsync() => _schema = await server.SchemaOrSkipAsync();

    protected override CoordinatorDatabase Open() => new PostgresDatabase(_schema);

    /// <summary>Whether the write stands before the row that the blocker holds.</summary>
    private static Task<bool> IsWaitingAsync(DbConnection connection) => connection.FirstAsync(
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'UPDATE grain_state%'", [],
        row => row.GetInt64(0) > 0, Cancellation);
}

public sealed class PostgresHistoryTests(PostgresServer server) : HistoryConformance
{
    private string _schema = "";

    protected override async Task PrepareAsync() => _schema = await server.SchemaOrSkipAsync();

    protected override CoordinatorDatabase Open() => new PostgresDatabase(_schema);
}
