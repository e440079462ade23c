using System.Net.Sockets;
using Atelier.Coordinator.Hosting;
using Atelier.Coordinator.Storage;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Orleans;
using Orleans.Hosting;
using Orleans.Runtime;

namespace Atelier.Coordinator.Tests.Storage;

public interface INotesGrain : IGrainWithStringKey
{
    Task Write(string text);

    Task<string> Read();
}

public sealed class NotesGrain([PersistentState("notes")] IPersistentState<Notes> notes) : Grain, INotesGrain
{
    public Task Write(string text)
    {
        notes.State.Text = text;
        return notes.WriteStateAsync();
    }

    public Task<string> Read() => Task.FromResult(notes.State.Text);
}

/// <summary>The storage under grains, as a coordinator puts the two together.</summary>
public sealed class SiloStorageTests : IAsyncLifetime
{
    private readonly SqliteFile _file = new();
    private CoordinatorDatabase _database = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _database = _file.Open();
        await _database.CreateTablesAsync(Cancellation);
    }

    public async ValueTask DisposeAsync()
    {
        await _database.DisposeAsync();
        await _file.DisposeAsync();
    }

    [Fact]
    public async Task Grain_OfADeposedCoordinator_CannotWriteAndItsSuccessorGoesOn()
    {
        using var first = await StartCoordinatorAsync("first");
        await Notes(first).Write("by the first");
        await _database.Lease.ReleaseAsync(1, Cancellation);
        using var second = await StartCoordinatorAsync("second");
        Assert.Equal("by the first", await Notes(second).Read());

        // Orleans wraps what a storage throws.
        var error = await Assert.ThrowsAnyAsync<Exception>(() => Notes(first).Write("too late"));
        Assert.Contains("writes under term 1, but the term is 2", error.ToString(), StringComparison.Ordinal);
        await Notes(second).Write("by the second");

        await second.StopAsync(Cancellation);
        await first.StopAsync(Cancellation);
        var stored = new GrainState<Notes>();
        await _database.GrainStorage(2).ReadStateAsync("notes", Notes(second).GetGrainId(), stored);
        Assert.Equal("by the second", stored.State!.Text);
    }

    [Fact]
    public async Task Silo_ThatSomebodyConnectsTo_HangsUp()
    {
        using var host = await StartCoordinatorAsync("first");
        var silo = host.Services.GetRequiredService<ILocalSiloDetails>().SiloAddress;
        using var stranger = new TcpClient();
        await stranger.ConnectAsync(silo.Endpoint, Cancellation);

        // Orleans would greet it.
        Assert.Equal(0, await stranger.GetStream().ReadAsync(new byte[1], Cancellation).AsTask().WaitAsync(TimeSpan.FromSeconds(8), Cancellation));
        await host.StopAsync(Cancellation);
    }

    private static INotesGrain Notes(IHost host) => host.Services.GetRequiredService<IGrainFactory>().GetGrain<INotesGrain>("faces");

    private async Task<IHost> StartCoordinatorAsync(string holder)
    {
        var term = await _database.Lease.TryAcquireAsync(holder, TimeSpan.FromHours(1), Cancellation);
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.UseOrleans(silo => CoordinatorServer.UseOneSilo(silo, _database.GrainStorage(term!.Value)));
        var host = builder.Build();
        await host.StartAsync(Cancellation);
        return host;
    }
}
