using System.Data.Common;
using System.Net.Sockets;
using Atelier.Coordinator.Hosting;
using Atelier.Coordinator.Storage;
using Atelier.Core;
using Atelier.Core.Access;
using Atelier.TestKit;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Npgsql;
using Orleans;
using Orleans.Runtime;
using Orleans.Storage;

[assembly: AssemblyFixture(typeof(PostgresServer))]

namespace Atelier.Coordinator.Tests.Storage;

/// <summary>A file that coordinators use one after the other.</summary>
public sealed class SqliteDatabaseTests : DatabaseTests
{
    private readonly SqliteFile _file = new();

    [Fact]
    public async Task Open_WhileAnotherCoordinatorHasIt_WaitsForItsEnd()
    {
        await using var second = Open();
        var told = new TaskCompletionSource<string>();
        Task<ClusterIdentity> opening;
        await using (var first = Open())
        {
            await first.OpenAsync(Ignore, TimeProvider.System, Cancellation);
            opening = second.OpenAsync(line => told.TrySetResult(line), TimeProvider.System, Cancellation);
            Assert.Contains("another coordinator is using", await told.Task.WaitAsync(Cancellation), StringComparison.Ordinal);
            Assert.False(opening.IsCompleted);
        }

        await opening.WaitAsync(Cancellation);
    }

    [Fact]
    public async Task Silo_ThatSomebodyConnectsTo_HangsUp()
    {
        await using var database = Open();
        using var host = await StartSiloAsync(database);
        var silo = host.Services.GetRequiredService<ILocalSiloDetails>().SiloAddress;
        using var stranger = new TcpClient();
        await stranger.ConnectAsync(silo.Endpoint, Cancellation);
        await stranger.GetStream().WriteAsync(new byte[32], Cancellation);

        // Orleans would greet it.
        Assert.Equal(0, await stranger.GetStream().ReadAsync(new byte[1], Cancellation).AsTask().WaitAsync(TimeSpan.FromSeconds(8), Cancellation));
        await host.StopAsync(Cancellation);
    }

    protected override Task PrepareAsync() => Task.CompletedTask;

    protected override CoordinatorDatabase Open() => _file.Open();

    protected override DbDataSource Raw() => SqliteFactory.Instance.CreateDataSource($"Data Source={_file.Path}");

    protected override ValueTask CleanAsync() => _file.DisposeAsync();
}

/// <summary>A server that replicas share.</summary>
public sealed class PostgresDatabaseTests(PostgresServer server) : DatabaseTests
{
    private string _schema = "";

    [Fact]
    public async Task Open_ByManyAtOnce_MakesOneCluster()
    {
        var identities = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => Task.Run(async () =>
        {
            await using var database = Open();
            return await database.OpenAsync(Ignore, TimeProvider.System, Cancellation);
        })));

        Assert.Single(identities.Select(identity => identity.Id).Distinct());
        Assert.Single(identities.Select(identity => Convert.ToHexString(identity.Secret)).Distinct());
    }

    [Fact]
    public async Task Open_WithAPasswordInTheConnection_IsNotPartOfItsDescription()
    {
        await using var database = new PostgresDatabase("Host=db.example;Database=atelier;Username=u;Password=hunter2");

        Assert.Contains("db.example", database.Description, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", database.Description, StringComparison.Ordinal);
    }

    protected override async Task PrepareAsync()
    {
        if (await server.WhyNotAsync() is { } reason)
            Assert.Skip(reason);
        _schema = server.MakeSchema();
    }

    protected override CoordinatorDatabase Open() => new PostgresDatabase(_schema);

    protected override DbDataSource Raw() => NpgsqlDataSource.Create(_schema);
}

/// <summary>What a coordinator needs of its database, whichever it is: the grains' storage as a silo has it, and which cluster it is of.</summary>
public abstract class DatabaseTests : IAsyncLifetime
{
    private static readonly GrainId Grain = GrainId.Create("run", "faces");

    private static int s_port = 21000;

    protected static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => await PrepareAsync();

    public async ValueTask DisposeAsync()
    {
        await CleanAsync();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task Open_Again_IsTheSameCluster()
    {
        ClusterIdentity first, second;
        await using (var database = Open())
            first = await database.OpenAsync(Ignore, TimeProvider.System, Cancellation);
        await using (var database = Open())
            second = await database.OpenAsync(Ignore, TimeProvider.System, Cancellation);

        Assert.Equal((first.Id, Convert.ToHexString(first.Secret)), (second.Id, Convert.ToHexString(second.Secret)));
    }

    [Fact]
    public async Task Open_TablesOfAnotherVersion_IsRefusedWithBoth()
    {
        await using (var database = Open())
            await database.OpenAsync(Ignore, TimeProvider.System, Cancellation);
        await using (var raw = Raw())
        await using (var later = raw.CreateCommand("UPDATE atelier_cluster SET version = 77"))
            await later.ExecuteNonQueryAsync(Cancellation);

        await using var again = Open();
        var refused = await Assert.ThrowsAsync<UserErrorException>(() => again.OpenAsync(Ignore, TimeProvider.System, Cancellation));

        Assert.Contains("version 77", refused.Message, StringComparison.Ordinal);
        Assert.Contains("version 1", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task State_WrittenAndRead_IsTheSameThroughAnotherSilo()
    {
        await using var database = Open();
        var written = new GrainState<Notes>(new Notes { Text = "e\u0301 '; DROP TABLE orleans_state; 🎨", Numbers = [1, 2, 3] });
        using (var silo = await StartSiloAsync(database))
        {
            Assert.Equal(("", false), await ReadAsync(silo));
            await StorageOf(silo).WriteStateAsync("notes", Grain, written);
            await StorageOf(silo).WriteStateAsync("other", Grain, new GrainState<Notes>(new Notes { Text = "two" }));
            await StorageOf(silo).WriteStateAsync("notes", GrainId.Create("run", "cars"), new GrainState<Notes>(new Notes { Text = "three" }));
            await silo.StopAsync(Cancellation);
        }

        using var later = await StartSiloAsync(database);
        Assert.Equal((written.State!.Text, true), await ReadAsync(later));
        await later.StopAsync(Cancellation);
    }

    /// <summary>What fences an activation that lost its place.</summary>
    [Fact]
    public async Task State_ReadBeforeAnotherWrote_CannotBeWritten()
    {
        await using var database = Open();
        using var silo = await StartSiloAsync(database);
        var storage = StorageOf(silo);
        var (first, fresh) = (new GrainState<Notes>(new Notes { Text = "mine" }), new GrainState<Notes>(new Notes { Text = "late" }));
        await storage.WriteStateAsync("notes", Grain, first);

        await Assert.ThrowsAsync<InconsistentStateException>(() => storage.WriteStateAsync("notes", Grain, fresh));
        var stale = new GrainState<Notes>(new Notes(), first.ETag!);
        await storage.WriteStateAsync("notes", Grain, first);
        await Assert.ThrowsAsync<InconsistentStateException>(() => storage.WriteStateAsync("notes", Grain, stale));
        await Assert.ThrowsAsync<InconsistentStateException>(() => storage.ClearStateAsync("notes", Grain, stale));

        Assert.Equal(("mine", true), await ReadAsync(silo));
        await silo.StopAsync(Cancellation);
    }

    [Fact]
    public async Task State_WrittenByManyAtOnce_IsThatOfOne()
    {
        await using var database = Open();
        using var silo = await StartSiloAsync(database);
        var storage = StorageOf(silo);
        var first = new GrainState<Notes>(new Notes());
        await storage.WriteStateAsync("notes", Grain, first);

        var outcomes = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => Task.Run(async () =>
            await Record.ExceptionAsync(() => storage.WriteStateAsync("notes", Grain, new GrainState<Notes>(new Notes { Text = $"{i}" }, first.ETag!))))));

        Assert.Single(outcomes, error => error is null);
        Assert.All(outcomes.OfType<Exception>(), error => Assert.IsType<InconsistentStateException>(error));
        Assert.Equal(($"{Array.IndexOf(outcomes, null)}", true), await ReadAsync(silo));
        await silo.StopAsync(Cancellation);
    }

    /// <summary>Makes an empty database, or skips the test with a reason.</summary>
    protected abstract Task PrepareAsync();

    /// <summary>Opens it once more.</summary>
    protected abstract CoordinatorDatabase Open();

    /// <summary>The database without what a coordinator does to it.</summary>
    protected abstract DbDataSource Raw();

    protected virtual ValueTask CleanAsync() => ValueTask.CompletedTask;

    protected static void Ignore(string line)
    {
    }

    protected static async Task<IHost> StartSiloAsync(CoordinatorDatabase database)
    {
        var identity = await database.OpenAsync(Ignore, TimeProvider.System, Cancellation);
        var options = new CoordinatorOptions { Listen = [], Database = database, ReplicaAddress = new ListenAddress("127.0.0.1", Interlocked.Increment(ref s_port)) };
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.UseOrleans(silo => ReplicaSilo.Configure(silo, options, identity));
        var host = builder.Build();
        await host.StartAsync(Cancellation);
        return host;
    }

    private static IGrainStorage StorageOf(IHost host) => host.Services.GetRequiredKeyedService<IGrainStorage>("Default");

    private static async Task<(string Text, bool Exists)> ReadAsync(IHost host)
    {
        var state = new GrainState<Notes>();
        await StorageOf(host).ReadStateAsync("notes", Grain, state);
        return (state.State!.Text, state.RecordExists);
    }

    public sealed class Notes
    {
        public string Text { get; set; } = "";

        public List<int> Numbers { get; set; } = [];
    }
}

/// <summary>A database file that is gone after the test.</summary>
internal sealed class SqliteFile : IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("atelier-").FullName;

    public string Path => System.IO.Path.Combine(_folder, "coordinator.db");

    public CoordinatorDatabase Open() => new SqliteDatabase(Path);

    public ValueTask DisposeAsync()
    {
        SqliteConnection.ClearAllPools();
        Directory.Delete(_folder, recursive: true);
        return ValueTask.CompletedTask;
    }
}
