using System.CommandLine;
using System.Runtime.InteropServices;
using Atelier.Cli.Certificates;
using Atelier.Cli.Cluster;
using Atelier.Cli.Telemetry;
using Atelier.Core;
using Atelier.Core.Access;
using Atelier.Core.Fleet;
using Atelier.Protos;
using Atelier.Rpc.Transport;
using Atelier.Worker.Peers;
using Atelier.Worker.Session;

namespace Atelier.Cli.Commands;

/// <summary><c>atelier worker</c>: computes for whichever coordinator leads.</summary>
internal static class WorkerCommand
{
    /// <summary>After its time for leaving a worker has this long to end.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(2);

    public static Command Create()
    {
        var coordinators = new Option<string[]>("--coordinator") { Description = "http://HOST:PORT, https://HOST:PORT or unix:PATH; repeat it for each replica", Required = true };
        var name = new Option<string>("--name") { Description = "name of this worker", DefaultValueFactory = _ => DefaultName() };
        var threads = new Option<int>("--threads") { Description = "threads per shard; does not change the result", DefaultValueFactory = _ => 1 };
        var lanes = new Option<int?>("--lanes") { Description = "shards to compute in parallel (default: cores / threads)" };
        var token = new Option<string?>(AccessOptions.WorkerTokenFile) { Description = $"file with the worker token (or set {AccessOptions.WorkerTokenVariable})" };
        var authority = new Option<string?>(AccessOptions.Authority) { Description = "PEM certificate of the CA that signed the other certificates" };
        var certificate = new Option<string?>(AccessOptions.Certificate) { Description = "this worker's certificate in PEM, for other workers and for the coordinator" };
        var key = new Option<string?>(AccessOptions.Key) { Description = "private key of that certificate, in PEM" };
        var listen = new Option<string>("--listen") { Description = "where other workers reach it: HOST:PORT or unix:PATH", DefaultValueFactory = _ => "127.0.0.1:0" };
        var advertise = new Option<string?>("--advertise") { Description = "host name or address at which others reach this worker (default: the one it listens on)" };
        var noSharedMemory = new Option<bool>("--no-shared-memory") { Description = "use the network even between workers on this machine" };
        var role = new Option<string>("--role") { Description = "trainer: train runs, and measure them between ticks or while free; evaluator: only measure", DefaultValueFactory = _ => "trainer" };
        var device = DeviceOption.Create();
        role.AcceptOnlyFromAmong("trainer", "evaluator");
        var run = new Option<string?>("--run") { Description = $"work only for this run, and exit when it ends: {ExitCode.Success} if it finished, {ExitCode.RunFailed} if it failed, {ExitCode.RunCancelled} if it was cancelled, {ExitCode.Interrupted} if this worker was asked to stop before" };
        var drainTimeout = new Option<double>("--drain-timeout")
        {
            Description = "seconds to hand work over when stopping; what no worker takes over by then is saved in the run folder",
            DefaultValueFactory = _ => WorkerOptions.DefaultDrainTimeout.TotalSeconds,
        };
        var monitoring = MonitoringServer.Option();
        var untilStdinCloses = ParentProcess.ExitOption();
        var command = new Command("worker", "Start a worker, which computes for a coordinator") { coordinators, role, name, threads, lanes, device, run, drainTimeout, listen, advertise, noSharedMemory, monitoring, token, authority, certificate, key, untilStdinCloses };
        command.SetAction(parsed =>
        {
            int count = parsed.GetValue(threads);
            if (count < 1)
                throw new UserErrorException($"--threads {count}: must be at least 1");
            if (parsed.GetValue(drainTimeout) is not (>= 1 and <= 3600))
                throw new UserErrorException($"--drain-timeout {parsed.GetValue(drainTimeout)}: must be from 1 to 3600 seconds");
            var tls = Tls.Follow(parsed.GetValue(certificate), parsed.GetValue(key), parsed.GetValue(authority), Console.WriteLine, TimeProvider.System);
            var options = new WorkerOptions
            {
                Name = new WorkerId(parsed.GetValue(name)!).Value,
                Coordinators = parsed.GetValue(coordinators)!,
                Tls = tls,
                Token = TokenSource.ReadText(AccessRole.Worker, parsed.GetValue(token), Environment.GetEnvironmentVariable(AccessOptions.WorkerTokenVariable)),
                Threads = count,
                Device = DeviceOption.Parse(parsed.GetValue(device)!),
                IsEvaluator = parsed.GetValue(role) == "evaluator",
                OnlyRun = parsed.GetValue(run) is { } only ? new RunId(only).Value : null,
                DrainTimeout = TimeSpan.FromSeconds(parsed.GetValue(drainTimeout)),
                SharesMemory = !parsed.GetValue(noSharedMemory),
                Lanes = parsed.GetValue(lanes) ?? Math.Max(1, Environment.ProcessorCount / count),
                OpenData = DataPath.Open,
            };
            if (parsed.GetValue(untilStdinCloses))
                ParentProcess.ExitWithIt();
            var reached = new PeerOptions(ListenAddress.Parse(parsed.GetValue(listen)!))
            {
                Host = parsed.GetValue(advertise),
                Security = new PeerSecurity(tls, options.Token),
            };
            return Run(options, reached, MonitoringServer.Parse(parsed.GetValue(monitoring)));
        });
        return command;
    }

    private static int Run(WorkerOptions options, PeerOptions reached, ListenAddress? monitoring)
    {
        using var drain = new CancellationTokenSource();
        Timer? overdue = null;
        void Handle(PosixSignalContext context)
        {
            if (ParentProcess.EndsThisOne)
            {
                context.Cancel = true;
                return;
            }
            // A second signal ends at once.
            if (drain.IsCancellationRequested)
                return;
            context.Cancel = true;
            Console.WriteLine("handing work over; press Ctrl-C again to quit now");
            drain.Cancel();
            // Whatever hangs on the way out (a store, a device) does not keep the process.
            overdue = new Timer(_ => Environment.Exit(ExitCode.Failure), null, options.DrainTimeout + Grace, Timeout.InfiniteTimeSpan);
        }
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Handle);
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Handle);
        var ended = RunAsync(options, reached, monitoring, drain.Token).GetAwaiter().GetResult();
        overdue?.Dispose();
        if (ended is null)
        {
            // For a batch job it is not done yet: another worker takes the place of this one.
            return options.OnlyRun is null ? ExitCode.Success : ExitCode.Interrupted;
        }
        if (ended.Ending == RunEnding.Finished)
            return ExitCode.Success;
        Console.Error.WriteLine($"atelier: run {ended.Run} {(ended.Ending == RunEnding.Cancelled ? "was cancelled" : "failed")}: {ended.Reason}");
        return ended.Ending == RunEnding.Cancelled ? ExitCode.RunCancelled : ExitCode.RunFailed;
    }

    private static async Task<RunEnded?> RunAsync(WorkerOptions options, PeerOptions reached, ListenAddress? monitoring, CancellationToken drain)
    {
        await using var telemetry = await ProcessTelemetry.StartAsync("atelier-worker", options.Name, monitoring, options.Health, Console.WriteLine);
        options = options with { Log = telemetry.Log("Atelier.Worker") };
        await using var peers = await PeerNetwork.StartAsync(reached, drain);
        return await WorkerProcess.RunAsync(options, peers, Console.WriteLine, TimeProvider.System, drain);
    }

    private static string DefaultName() => WorkerName.Of(Environment.MachineName, Environment.ProcessId);
}
