using System.CommandLine;
using System.Runtime.InteropServices;
using Atelier.Cli.Certificates;
using Atelier.Cli.Cluster;
using Atelier.Coordinator.Hosting;
using Atelier.Coordinator.Runs;
using Atelier.Coordinator.Storage;
using Atelier.Core;
using Atelier.Core.Access;
using Atelier.Core.Fleet.Membership;

namespace Atelier.Cli.Commands;

/// <summary><c>atelier coordinator</c>: keeps runs and workers together.</summary>
internal static class CoordinatorCommand
{
    private const string PostgresScheme = "postgres:";

    private const int ReplicaPort = 11111;

    public static Command Create()
    {
        var listen = new Option<string[]>("--listen") { Description = "HOST:PORT, *:PORT or unix:PATH; repeatable", DefaultValueFactory = _ => ["127.0.0.1:7070"] };
        var database = new Option<string>("--database") { Description = $"a SQLite file, or {PostgresScheme}CONNECTION shared by replicas", DefaultValueFactory = _ => "coordinator.db" };
        var certificate = new Option<string?>(AccessOptions.Certificate) { Description = "its certificate in PEM" };
        var key = new Option<string?>(AccessOptions.Key) { Description = "the certificate's private key in PEM" };
        var authority = new Option<string?>(AccessOptions.Authority) { Description = "certificate, in PEM, of the authority that issues callers' certificates (default: callers need no certificate)" };
        var people = new Option<string?>(AccessOptions.PeopleTokenFile) { Description = $"file with the token of people (or set {AccessOptions.PeopleTokenVariable})" };
        var workers = new Option<string?>(AccessOptions.WorkerTokenFile) { Description = $"file with the token of workers (or set {AccessOptions.WorkerTokenVariable})" };
        var lease = new Option<double>("--lease") { Description = "seconds without a heartbeat after which a worker is lost", DefaultValueFactory = _ => 10 };
        var replica = new Option<string?>("--replica-listen") { Description = "HOST:PORT where other replicas reach this one (default: port 11111 beside the first --listen)" };
        var noRunFiles = new Option<bool>("--no-run-files") { Description = "do not write events.jsonl", Hidden = true };
        var untilStdinCloses = ParentProcess.ExitOption();
        var command = new Command("coordinator", "Keep runs and workers together") { listen, database, certificate, key, authority, people, workers, lease, replica, noRunFiles, untilStdinCloses };
        command.SetAction(parsed =>
        {
            var workerLease = Seconds(parsed, lease);
            if (parsed.GetValue(untilStdinCloses))
                ParentProcess.ExitWithIt();
            using var own = Tls.Load(parsed.GetValue(certificate), parsed.GetValue(key), TimeProvider.System);
            if (own is null && parsed.GetValue(authority) is not null)
                throw new UserErrorException($"callers' certificates need TLS: give {AccessOptions.Authority} together with {AccessOptions.Certificate} and {AccessOptions.Key}");
            var callers = Tls.Authorities(parsed.GetValue(authority));
            var addresses = parsed.GetValue(listen)!.Select(ListenAddress.Parse).ToList();
            return Run(name => new CoordinatorOptions
            {
                Listen = addresses,
                Database = name,
                Certificate = own,
                CallerAuthorities = callers,
                Gate = new AccessGate(
                    TokenSource.Read(AccessRole.Person, parsed.GetValue(people), Environment.GetEnvironmentVariable(AccessOptions.PeopleTokenVariable)),
                    TokenSource.Read(AccessRole.Worker, parsed.GetValue(workers), Environment.GetEnvironmentVariable(AccessOptions.WorkerTokenVariable))),
                ReplicaAddress = ReplicaAddressOf(parsed.GetValue(replica), addresses),
                Fleet = new FleetSettings { LeaseLength = workerLease },
                Files = new RunFiles(WritesEvents: !parsed.GetValue(noRunFiles)),
            }, parsed.GetValue(database)!);
        });
        return command;
    }

    private static ListenAddress? ReplicaAddressOf(string? given, IReadOnlyList<ListenAddress> listen) =>
        given is not null ? ListenAddress.Parse(given)
        : listen.FirstOrDefault(address => address.Port is not null && address.Host != "*") is { } first ? first with { Port = ReplicaPort }
        : null;

    private static TimeSpan Seconds(ParseResult parsed, Option<double> option) => parsed.GetValue(option) is >= 1 and <= 3600 and var seconds
        ? TimeSpan.FromSeconds(seconds)
        : throw new UserErrorException($"{option.Name} {parsed.GetValue(option)}: a number from 1 to 3600 is needed");

    private static int Run(Func<CoordinatorDatabase, CoordinatorOptions> options, string database)
    {
        using var stop = new CancellationTokenSource();
        void Handle(PosixSignalContext context)
        {
            context.Cancel = !stop.IsCancellationRequested;
            stop.Cancel();
        }
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Handle);
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Handle);
        RunAsync(options, database, stop.Token).GetAwaiter().GetResult();
        return ExitCode.Success;
    }

    private static async Task RunAsync(Func<CoordinatorDatabase, CoordinatorOptions> options, string database, CancellationToken stop)
    {
        await using CoordinatorDatabase opened = database.StartsWith(PostgresScheme, StringComparison.Ordinal)
            ? new PostgresDatabase(database[PostgresScheme.Length..])
            : new SqliteDatabase(database);
        await new CoordinatorProcess(options(opened) with { Say = Console.WriteLine }, TimeProvider.System).RunAsync(stop);
    }
}
