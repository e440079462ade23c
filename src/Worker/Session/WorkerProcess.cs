using System.Reflection;
using Atelier.Core;
using Atelier.Core.Fleet;
using Atelier.Core.Fleet.Membership;
using Atelier.Core.Telemetry;
using Atelier.Protos;
using Atelier.Rpc.Transport;
using Atelier.Training.Numerics;
using Atelier.Training.Ops;
using Atelier.Worker.Evaluations;
using Atelier.Worker.Telemetry;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Atelier.Worker.Session;

/// <summary>A worker: one process for a device, attached to whichever coordinator leads.</summary>
public static class WorkerProcess
{
    /// <summary>Share of the time for leaving that others have to take over, if a coordinator is there.</summary>
    private const double HandoverShare = 0.6;

    /// <summary>Share of the time for leaving that a coordinator has to come back in.</summary>
    private const double AloneShare = 0.2;

    private static readonly TimeSpan LeavePoll = TimeSpan.FromMilliseconds(100);

    /// <summary>Works until it is asked to drain and has handed over, the one run that it serves has ended, or the coordinator refuses it for good.</summary>
    /// <param name="options">The worker.</param>
    /// <param name="peers">The way to other workers.</param>
    /// <param name="say">Told of what a person may want to know.</param>
    /// <param name="drain">SIGTERM: hand over and leave.</param>
    /// <returns>How the run of <see cref="WorkerOptions.OnlyRun"/> ended; null for a worker that was asked to stop.</returns>
    /// <exception cref="UserErrorException">The coordinator refuses this worker for good.</exception>
    public static async Task<RunEnded?> RunAsync(WorkerOptions options, IPeerNetwork peers, Action<string> say, TimeProvider time, CancellationToken drain)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(peers);
        var log = new WorkerLog(options.Name, options.Log, say);
        say = log.Say;
        NumericsEnvironment.Apply(options.Threads, options.Lanes);
        options.Device.Open();
        var numerics = NumericsProbe.Measure(options.Device);
        WorkerMetrics.Watch(options.Device);
        if (OpKernels.WhyPlain(options.Device) is { } why)
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
            OnlyRun = options.OnlyRun ?? "",
        };
        using var outbox = new Outbox();
        using var evaluations = new EvaluationWorker(options, outbox, time);
        using var engine = new RunEngine(options, peers, numerics, evaluations, outbox, say, time);
        await using var agent = new WorkerAgent(options, engine, evaluations, outbox, say);
        log.Subject = () => agent.Subject;
        using var stop = new CancellationTokenSource();
        using var draining = drain.Register(() => agent.Drain("stop requested"));
        var obeying = agent.RunAsync(stop.Token);
        var session = new CoordinatorSession(options, register, outbox, agent.Report, agent.WarmUp, agent.Hear, agent.Evicted, say, time);
        WorkerMetrics.Watch(() => session.Alone);
        var attached = session.RunAsync(stop.Token);
        try
        {
            var leaving = LeaveAsync(options, agent, session, say, time, drain, stop.Token);
            await await Task.WhenAny(attached, obeying, leaving, agent.Ended);
            return agent.Ended.IsCompletedSuccessfully ? agent.Ended.Result : null;
        }
        finally
        {
            await stop.CancelAsync();
            await Task.WhenAll(attached, obeying).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            say($"{engine.PhasesApplied} phases applied");
        }
    }

    /// <summary>
    /// From the order to drain until this worker may end: it was released, or its time is over. Where nobody takes what it holds
    /// in good time, because no coordinator is there or the others do not come to it, it saves it itself.
    /// </summary>
    private static async Task LeaveAsync(
        WorkerOptions options, WorkerAgent agent, CoordinatorSession session, Action<string> say, TimeProvider time, CancellationToken drain, CancellationToken stop)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(drain, stop);
        await Task.Delay(Timeout.InfiniteTimeSpan, time, either.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        long start = time.GetTimestamp();
        using var late = new CancellationTokenSource(options.DrainTimeout, time);
        bool isSaved = false;
        while (!agent.Released.IsCompleted && !late.IsCancellationRequested && !stop.IsCancellationRequested)
        {
            var waited = time.GetElapsedTime(start);
            if (!isSaved && (session.Alone >= options.DrainTimeout * AloneShare || waited >= options.DrainTimeout * HandoverShare))
            {
                await agent.SaveAloneAsync(late.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                isSaved = true;
            }
            if (isSaved && session.Alone > TimeSpan.Zero)
                return;
            await Task.WhenAny(agent.Released, Task.Delay(LeavePoll, time, late.Token));
        }
        if (late.IsCancellationRequested)
            say($"this worker was not released within {options.DrainTimeout.TotalSeconds:0.#} s; stopping anyway");
    }
}

/// <summary>What a worker is called where nobody says.</summary>
public static class WorkerName
{
    /// <summary>A valid name: the host's, as far as its letters may be in one, and a suffix that tells its workers apart.</summary>
    public static string Of(string host, int process)
    {
        ArgumentNullException.ThrowIfNull(host);
        string suffix = $"-{process}";
        string letters = new([.. host.ToLowerInvariant().Select(c => char.IsAsciiLetterOrDigit(c) ? c : '-')]);
        string start = letters.Trim('-');
        start = start[..Math.Min(start.Length, FleetName.MaxLength - suffix.Length)].TrimEnd('-');
        return (start.Length > 0 ? start : "worker") + suffix;
    }
}

/// <summary>How a worker process is run.</summary>
public sealed record WorkerOptions
{
    /// <summary>Its name in the fleet.</summary>
    public required string Name { get; init; }

    /// <summary>Where coordinators may be: <c>http://…</c>, <c>https://…</c> or <c>unix:PATH</c>; the one that leads answers.</summary>
    public required IReadOnlyList<string> Coordinators { get; init; }

    /// <summary>What is trusted and shown, for <c>https</c>.</summary>
    public TlsMaterial Tls { get; init; } = TlsMaterial.None;

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

    /// <summary>The one run that it serves, and ends with; null for any.</summary>
    public string? OnlyRun { get; init; }

    /// <summary>Within the 30 s that Kubernetes gives.</summary>
    public static readonly TimeSpan DefaultDrainTimeout = TimeSpan.FromSeconds(25);

    /// <summary>How long leaving may take after it was asked to.</summary>
    public TimeSpan DrainTimeout { get; init; } = DefaultDrainTimeout;

    /// <summary>Whether it sums through shared memory with workers of its machine; otherwise through the network, as with all others.</summary>
    public bool SharesMemory { get; init; } = true;

    /// <summary>Opens a data set by the path that a run names.</summary>
    public required Func<string, Training.Data.ImageSource> OpenData { get; init; }

    /// <summary>Also told what a person may want to know, with the run and the generation that it is about.</summary>
    public ILogger Log { get; init; } = NullLogger.Instance;

    /// <summary>Told whether a coordinator has let this worker in.</summary>
    public ProcessHealth Health { get; init; } = new();

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
