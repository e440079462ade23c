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
        var coordinators = new Option<string[]>("--coordinator") { Description = "http://HOST:PORT, https://HOST:PORT or unix:PATH; again for each standby", Required = true };
        var name = new Option<string>("--name") { Description = "its name in the fleet", DefaultValueFactory = _ => DefaultName() };
        var threads = new Option<int>("--threads") { Description = "threads inside a shard's computation; any number gives the same bits", DefaultValueFactory = _ => 1 };
        var lanes = new Option<int?>("--lanes") { Description = "shards computed at once (default: the cores at hand / threads)" };
        var token = new Option<string?>(AccessOptions.WorkerTokenFile) { Description = $"file with the token of workers (or set {AccessOptions.WorkerTokenVariable})" };
        var authority = new Option<string?>(AccessOptions.Authority) { Description = "certificate of the authority that the others' come from, in PEM" };
        var certificate = new Option<string?>(AccessOptions.Certificate) { Description = "its certificate in PEM, for other workers and for the coordinator" };
        var key = new Option<string?>(AccessOptions.Key) { Description = "the certificate's private key in PEM" };
        var listen = new Option<string>("--listen") { Description = "where other workers reach it: HOST:PORT or unix:PATH", DefaultValueFactory = _ => "127.0.0.1:0" };
        var advertise = new Option<string?>("--advertise") { Description = "the host name or address that others are told (default: where it listens)" };
        var noSharedMemory = new Option<bool>("--no-shared-memory") { Description = "sum through the network with workers of this machine too" };
        var role = new Option<string>("--role") { Description = "train runs, and measure them between ticks or while free; or measure only", DefaultValueFactory = _ => "trainer" };
        var device = DeviceOption.Create();
        role.AcceptOnlyFromAmong("trainer", "evaluator");
        var run = new Option<string?>("--run") { Description = $"serve this run only, and end with it: {ExitCode.Success} if it finished, {ExitCode.RunFailed} if it failed, {ExitCode.RunCancelled} if it was cancelled, {ExitCode.Interrupted} if this worker was asked to leave before" };
        var drainTimeout = new Option<double>("--drain-timeout")
        {
            Description = "seconds that leaving may take; what nobody takes over in this time is saved in the run's store",
            DefaultValueFactory = _ => WorkerOptions.DefaultDrainTimeout.TotalSeconds,
        };
        var monitoring = MonitoringServer.Option();
        var untilStdinCloses = ParentProcess.ExitOption();
        var command = new Command("worker", "Compute for a coordinator") { coordinators, role, name, threads, lanes, device, run, drainTimeout, listen, advertise, noSharedMemory, monitoring, token, authority, certificate, key, untilStdinCloses };
        command.SetAction(parsed =>
        {
            int count = parsed.GetValue(threads);
            if (count < 1)
                throw new UserErrorException($"--threads {count}: at least one is needed");
            if (parsed.GetValue(drainTimeout) is not (>= 1 and <= 3600))
                throw new UserErrorException($"--drain-timeout {parsed.GetValue(drainTimeout)}: 1 to 3600 seconds");
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
            Console.WriteLine("handing work over; Ctrl-C again quits now");
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
