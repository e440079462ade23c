using Atelier.Coordinator.Storage;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Orleans;
using Orleans.Hosting;
using Orleans.Runtime;
using Orleans.Runtime.Hosting;

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
        using var first = await StartCoordinatorAsync(0);
        await Notes(first).Write("by the first");
        await _database.Lease.ReleaseAsync(1, Cancellation);
        using var second = await StartCoordinatorAsync(1);
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

    private static INotesGrain Notes(IHost host) => host.Services.GetRequiredService<IGrainFactory>().GetGrain<INotesGrain>("faces");

    private async Task<IHost> StartCoordinatorAsync(int number)
    {
        var term = await _database.Lease.TryAcquireAsync($"coordinator {number}", TimeSpan.FromHours(1), Cancellation);
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.UseOrleans(silo =>
        {
            silo.UseLocalhostClustering(siloPort: 11111 + number, gatewayPort: 30000 + number);
            silo.Services.AddGrainStorage("Default", (_, _) => _database.GrainStorage(term!.Value));
        });
        var host = builder.Build();
        await host.StartAsync(Cancellation);
        return host;
    }
}
