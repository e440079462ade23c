using System.Net.Security;
using Atelier.Training.Numerics;

namespace Atelier.Worker.Session;

/// <summary>How a worker process is run.</summary>
public sealed record WorkerOptions
{
    /// <summary>Its name in the fleet.</summary>
    public required string Name { get; init; }

    /// <summary>Where coordinators may be: <c>http://…</c>, <c>https://…</c> or <c>unix:PATH</c>; the one that leads answers.</summary>
    public required IReadOnlyList<string> Coordinators { get; init; }

    /// <summary>What is trusted and shown, for <c>https</c>; null for the system's trust.</summary>
    public SslClientAuthenticationOptions? Tls { get; init; }

    /// <summary>The token of workers; null for none.</summary>
    public string? Token { get; init; }

    /// <summary>Where it computes.</summary>
    public ComputeDevice Device { get; init; } = ComputeDevice.Cpu;

    /// <summary>OpenMP threads of one computation; runs of another number are not this worker's.</summary>
    public int Threads { get; init; } = 1;

    /// <summary>Shards computed at once.</summary>
    public int Lanes { get; init; } = 1;

    /// <summary>Whether it computes evaluations only.</summary>
    public bool IsEvaluator { get; init; }

    /// <summary>Whether it sums through shared memory with workers of its machine; otherwise through the network, as with all others.</summary>
    public bool SharesMemory { get; init; } = true;

    /// <summary>Opens a data set by the path that a run names.</summary>
    public required Func<string, Training.Data.ImageSource> OpenData { get; init; }

    /// <summary>How long nothing may move between ranks before a generation is given up; the coordinator's deadlines are shorter.</summary>
    public TimeSpan PeerPatience { get; init; } = TimeSpan.FromMinutes(30);
}
