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
    /// <param name="options">The worker.</param>
    /// <param name="peers">The way to other workers.</param>
    /// <param name="say">Told of what a person may want to know.</param>
    /// <param name="time">The clock.</param>
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
        using var desk = new EvaluationDesk(options, outbox, time);
        using var engine = new RunEngine(options, peers, numerics, desk, outbox, time);
        await using var agent = new WorkerAgent(options, engine, desk, outbox, say);
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
