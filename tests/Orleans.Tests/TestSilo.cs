using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Orleans;
using Orleans.Hosting;
#if NAMED_PACKAGES
using Orleans.Runtime;
#endif
using Orleans.Runtime.Hosting;

namespace Atelier.Orleans.Tests;

/// <summary>A host with a silo, on a clock that stands still, with states in memory.</summary>
public sealed class TestSilo : IAsyncDisposable
{
    private readonly IHost _host;

    private TestSilo(IHost host, ManualTime time, Signals signals, MemoryStorage storage)
    {
        _host = host;
        Time = time;
        Signals = signals;
        Storage = storage;
    }

    public ManualTime Time { get; }

    public Signals Signals { get; }

    public MemoryStorage Storage { get; }

    public IGrainFactory Grains => _host.Services.GetRequiredService<IGrainFactory>();

    public static async Task<TestSilo> StartAsync()
    {
        var (time, signals, storage) = (new ManualTime(), new Signals(), new MemoryStorage());
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Services.AddSingleton<TimeProvider>(time).AddSingleton(signals);
#if NAMED_PACKAGES
        // What the silo does besides needs a clock that goes; only the grains have one that stands still.
        builder.Services.AddKeyedSingleton(KeyedService.AnyKey, TimeProvider.System);
        builder.Services.AddKeyedSingleton<TimeProvider>(TimeProviderNames.Grains, time);
#endif
        builder.UseOrleans(silo =>
        {
            silo.UseLocalhostClustering();
            silo.Services.AddGrainStorage("Default", (_, _) => storage);
        });
        var host = builder.Build();
        await host.StartAsync();
        return new TestSilo(host, time, signals, storage);
    }

    public Task StopAsync() => _host.StopAsync();

    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync();
        _host.Dispose();
    }
}
