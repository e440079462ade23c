using System.Net.Security;
using System.Reflection;
using Atelier.Core;
using Atelier.Core.Fleet.Membership;
using Atelier.Protos;
using Atelier.Training.Numerics;
using Atelier.Training.Ops;
using Atelier.Worker.Evaluations;

namespace Atelier.Worker.Session;

/// <summary>A worker: one process for a device, attached to whichever coordinator leads.</summary>
public static class WorkerProcess
{
    /// <summary>How long a worker that was asked to stop may take to hand over.</summary>
    private static readonly TimeSpan DrainDeadline = TimeSpan.FromMinutes(5);

    /// <summary>Works until it is asked to drain and has handed over, or the coordinator refuses it.</summary>
    /// <param name="peers">The way to other workers.</param>
    /// <param name="say">Told of what a person may want to know.</param>
    /// <param name="drain">SIGTERM: hand over and leave.</param>
    /// <exception cref="UserErrorException">The coordinator refuses this worker.</exception>
    public static async Task RunAsync(WorkerOptions options, IPeerNetwork peers, Action<string> say, TimeProvider time, CancellationToken drain)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(peers);
        NumericsEnvironment.Apply(options.Threads, options.Lanes);
        var numerics = NumericsProbe.Measure(options.Device);
        options.Device.Open();
        if (OpKernels.WhyPlain(options.Device.Type) is { } why)
            say(why);
        var register = new Register
        {
            ProtocolVersion = FleetSettings.CurrentProtocol,
            Worker = options.Name,
            Incarnation = time.GetUtcNow().ToUnixTimeMilliseconds(),
            NumericsSha256 = numerics.Digest(),
            Device = numerics.Device,
            MemoryBytes = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes,
            PeerAddress = peers.Address,
            Host = options.SharesMemory ? HostName.OfThisMachine() : "",
            SoftwareVersion = typeof(WorkerProcess).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "",
            Threads = options.Threads,
            Role = options.IsEvaluator ? WorkerRole.Evaluator : WorkerRole.Trainer,
        };
        using var outbox = new Outbox();
        using var evaluations = new EvaluationWorker(options, outbox, time);
        using var engine = new RunEngine(options, peers, numerics, evaluations, outbox, time);
        await using var agent = new WorkerAgent(options, engine, evaluations, outbox, say);
        using var stop = new CancellationTokenSource();
        using var draining = drain.Register(() => agent.Drain("asked to stop"));
        var obeying = agent.RunAsync(stop.Token);
        var attached = new CoordinatorSession(options, register, outbox, agent.Report, agent.Hear, say, time).RunAsync(stop.Token);
        try
        {
            var first = await Task.WhenAny(attached, obeying, UntilReleasedAsync(agent, time, drain));
            await first;
        }
        finally
        {
            await stop.CancelAsync();
            await Task.WhenAll(attached, obeying).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            say($"{engine.PhasesApplied} phases applied");
        }
    }

    private static async Task UntilReleasedAsync(WorkerAgent agent, TimeProvider time, CancellationToken drain)
    {
        await Task.Delay(Timeout.InfiniteTimeSpan, time, drain).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await Task.WhenAny(agent.Released, Task.Delay(DrainDeadline, time, CancellationToken.None));
    }
}

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

/// <summary>Which machine this is: workers that name the same one may share memory.</summary>
internal static class HostName
{
    private const string BootId = "/proc/sys/kernel/random/boot_id";

    /// <summary>The machine's name and which start of it this is: containers of one host may have one name, hosts may too.</summary>
    public static string OfThisMachine()
    {
        string boot = File.Exists(BootId) ? File.ReadAllText(BootId).Trim() : "";
        // Containers see the host's boot, but not each other's memory: the namespaces tell them apart.
        string network = File.Exists("/proc/self/ns/net") ? new FileInfo("/proc/self/ns/net").LinkTarget ?? "" : "";
        string processes = File.Exists("/proc/self/ns/pid") ? new FileInfo("/proc/self/ns/pid").LinkTarget ?? "" : "";
        return $"{Environment.MachineName}/{boot}/{network}{processes}";
    }
}
