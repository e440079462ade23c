using System.CommandLine;
using System.Runtime.InteropServices;
using Atelier.Cli.Certificates;
using Atelier.Cli.Cluster;
using Atelier.Cli.Telemetry;
using Atelier.Coordinator.Hosting;
using Atelier.Coordinator.Runs;
using Atelier.Coordinator.Storage;
using Atelier.Core;
using Atelier.Core.Access;
using Atelier.Core.Fleet.Membership;
using Atelier.Core.Telemetry;

namespace Atelier.Cli.Commands;

/// <summary><c>atelier coordinator</c>: keeps runs and workers together.</summary>
internal static class CoordinatorCommand
{
    private const int ReplicaPort = 11111;

    public static Command Create()
    {
        var listen = new Option<string[]>("--listen") { Description = "HOST:PORT, *:PORT or unix:PATH; repeatable", DefaultValueFactory = _ => ["127.0.0.1:7070"] };
        var database = new DatabaseOption();
        var certificate = new Option<string?>(AccessOptions.Certificate) { Description = "the coordinator's certificate, in PEM" };
        var key = new Option<string?>(AccessOptions.Key) { Description = "private key of that certificate, in PEM" };
        var authority = new Option<string?>(AccessOptions.Authority) { Description = "PEM certificate of the CA that signs clients' certificates (default: clients need no certificate)" };
        var people = new Option<string?>(AccessOptions.PeopleTokenFile) { Description = $"file with the user token (or set {AccessOptions.PeopleTokenVariable})" };
        var workers = new Option<string?>(AccessOptions.WorkerTokenFile) { Description = $"file with the worker token (or set {AccessOptions.WorkerTokenVariable})" };
        var lease = new Option<double>("--lease") { Description = "seconds without a heartbeat after which a worker counts as lost", DefaultValueFactory = _ => 10 };
        var dataRoots = Places(AllowedPlaces.DataRootOption, "folder under which datasets are allowed; repeatable (default: anywhere)");
        var storeRoots = Places(AllowedPlaces.StoreRootOption, "folder under which run folders are allowed; repeatable (default: anywhere)");
        var s3Endpoints = Places(AllowedPlaces.S3EndpointOption, "address of an S3 server on which runs are allowed; repeatable (default: any)");
        var replica = new Option<string?>("--replica-listen") { Description = "HOST:PORT at which other replicas reach this one (default: port 11111 on the host of the first --listen)" };
        var monitoring = MonitoringServer.Option();
        var webhook = new Option<string?>("--alert-webhook") { Description = "http(s)://… to which alerts are posted as JSON (default: none)" };
        var noRunFiles = new Option<bool>("--no-run-files") { Description = "do not write events.jsonl", Hidden = true };
        var kubernetes = new KubernetesOption();
        var untilStdinCloses = ParentProcess.ExitOption();
        var command = new Command("coordinator", "Start a coordinator, which schedules runs on workers") { listen, certificate, key, authority, people, workers, lease, dataRoots, storeRoots, s3Endpoints, replica, monitoring, webhook, noRunFiles, untilStdinCloses };
        database.AddTo(command);
        kubernetes.AddTo(command, "act as the operator for the TrainingRuns in a Kubernetes namespace");
        command.SetAction(parsed =>
        {
            var workerLease = Seconds(parsed, lease);
            var places = new AllowedPlaces(parsed.GetValue(dataRoots)!, parsed.GetValue(storeRoots)!, parsed.GetValue(s3Endpoints)!);
            if (parsed.GetValue(untilStdinCloses))
                ParentProcess.ExitWithIt();
            var tls = Tls.Follow(parsed.GetValue(certificate), parsed.GetValue(key), parsed.GetValue(authority), Console.WriteLine, TimeProvider.System);
            if (tls.Certificate is null && parsed.GetValue(authority) is not null)
                throw new UserErrorException($"client certificates need TLS: pass {AccessOptions.Authority} together with {AccessOptions.Certificate} and {AccessOptions.Key}");
            var addresses = parsed.GetValue(listen)!.Select(ListenAddress.Parse).ToList();
            var alerts = WebhookOf(parsed.GetValue(webhook));
            var cluster = kubernetes.Find(parsed);
            return Run(MonitoringServer.Parse(parsed.GetValue(monitoring)), addresses[0].ToString(), name => new CoordinatorOptions
            {
                Listen = addresses,
                Database = name,
                Tls = tls,
                Gate = new AccessGate(
                    TokenSource.Read(AccessRole.Person, parsed.GetValue(people), Environment.GetEnvironmentVariable(AccessOptions.PeopleTokenVariable)),
                    TokenSource.Read(AccessRole.Worker, parsed.GetValue(workers), Environment.GetEnvironmentVariable(AccessOptions.WorkerTokenVariable))),
                ReplicaAddress = ReplicaAddressOf(parsed.GetValue(replica), addresses),
                Places = places,
                Fleet = new FleetSettings { LeaseLength = workerLease },
                AlertWebhook = alerts,
                Kubernetes = cluster,
                Files = new RunFiles(WritesEvents: !parsed.GetValue(noRunFiles)),
            }, database.Open(parsed));
        });
        return command;
    }

    private static Option<string[]> Places(string name, string description) => new(name) { Description = description, DefaultValueFactory = _ => [] };

    private static ListenAddress? ReplicaAddressOf(string? given, IReadOnlyList<ListenAddress> listen) =>
        given is not null ? ListenAddress.Parse(given)
        : listen.FirstOrDefault(address => address.Port is not null && address.Host != "*") is { } first ? first with { Port = ReplicaPort }
        : null;

    private static TimeSpan Seconds(ParseResult parsed, Option<double> option) => parsed.GetValue(option) is >= 1 and <= 3600 and var seconds
        ? TimeSpan.FromSeconds(seconds)
        : throw new UserErrorException($"{option.Name} {parsed.GetValue(option)}: must be from 1 to 3600");

    private static Uri? WebhookOf(string? given) =>
        given is null ? null
        : Uri.TryCreate(given, UriKind.Absolute, out var address) && address.Scheme is "http" or "https" ? address
        : throw new UserErrorException($"--alert-webhook {given}: must be an address such as https://alerts.example/atelier");

    private static int Run(ListenAddress? monitoring, string name, Func<CoordinatorDatabase, CoordinatorOptions> options, CoordinatorDatabase database)
    {
        using var stop = new CancellationTokenSource();
        void Handle(PosixSignalContext context)
        {
            context.Cancel = ParentProcess.EndsThisOne || !stop.IsCancellationRequested;
            if (!ParentProcess.EndsThisOne)
                stop.Cancel();
        }
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Handle);
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Handle);
        RunAsync(monitoring, name, options, database, stop.Token).GetAwaiter().GetResult();
        return ExitCode.Success;
    }

    private static async Task RunAsync(ListenAddress? monitoring, string name, Func<CoordinatorDatabase, CoordinatorOptions> options, CoordinatorDatabase database, CancellationToken stop)
    {
        await using var opened = database;
        var health = new ProcessHealth();
        await using var telemetry = await ProcessTelemetry.StartAsync("atelier-coordinator", $"{Environment.MachineName}/{name}", monitoring, health, Console.WriteLine);
        await new CoordinatorProcess(options(opened) with { Say = Console.WriteLine, Health = health, Logging = telemetry.AddLogging }, TimeProvider.System).RunAsync(stop);
    }
}
