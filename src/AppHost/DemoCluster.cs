namespace Atelier.AppHost;

/// <summary>
/// The demo's run on two workers, as processes that Aspire starts, in order: PostgreSQL if there are replicas, coordinators, workers, and the
/// command that submits the run and follows it. Each is started when those before it are ready, and sends its telemetry to Aspire's dashboard.
/// </summary>
internal sealed class DemoCluster(IDistributedApplicationBuilder builder, DemoOptions options, LocalPostgres? postgres)
{
    private const int Workers = 2, Replicas = 3;

    /// <summary>The port that people and workers call, that of probes, and the one between replicas.</summary>
    private const string Calls = "http", Monitoring = "monitoring", BetweenReplicas = "replicas";

    /// <summary>Beside this program, whatever the configuration: <c>artifacts/bin/AppHost/release</c>.</summary>
    private static readonly string Program = Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "..", "..", "Cli", Path.GetFileName(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory)), "atelier.dll"));

    /// <summary>Describes all processes to Aspire.</summary>
    public void Add()
    {
        Directory.CreateDirectory(options.Folder);
        var database = postgres?.AddTo(builder);
        var coordinators = Enumerable.Range(1, database is null ? 1 : Replicas)
            .Select(number => AddCoordinator(database is null ? "coordinator" : $"coordinator-{number}", database)).ToList();
        var workers = Enumerable.Range(1, Workers).Select(number => AddWorker($"worker-{number}", coordinators)).ToList();

        var run = AddAtelier("demo", "submit", "demo", "--recipe", "demo", "--data", "emoji:faces:32", "--out", Path.Combine(options.Folder, "demo"), "--watch");
        AddCoordinators(run, coordinators);
        foreach (var worker in workers)
            run.WaitFor(worker);
    }

    private IResourceBuilder<ExecutableResource> AddCoordinator(string name, IResourceBuilder<ExecutableResource>? database)
    {
        var coordinator = AddMonitored(name, "coordinator").WithHttpEndpoint(name: Calls);
        WithListen(coordinator, "--listen", Calls);
        if (database is null)
            return coordinator.WithArgs("--database", Path.Combine(options.Folder, "coordinator.db"));
        WithListen(coordinator.WithEndpoint(scheme: "tcp", name: BetweenReplicas), "--replica-listen", BetweenReplicas);
        return coordinator.WithArgs("--database", postgres!.Database).WaitFor(database);
    }

    private IResourceBuilder<ExecutableResource> AddWorker(string name, IReadOnlyList<IResourceBuilder<ExecutableResource>> coordinators)
    {
        // Those of one machine share its cores.
        int lanes = Math.Max(1, Environment.ProcessorCount / Workers);
        var worker = AddMonitored(name, "worker", "--name", name, "--lanes", $"{lanes}");
        AddCoordinators(worker, coordinators);
        return worker;
    }

    /// <summary>Lets it know all coordinators, and starts it when they are ready.</summary>
    private static void AddCoordinators(IResourceBuilder<ExecutableResource> resource, IReadOnlyList<IResourceBuilder<ExecutableResource>> coordinators)
    {
        foreach (var coordinator in coordinators)
        {
            var port = coordinator.GetEndpoint(Calls).Property(EndpointProperty.Port);
            resource.WithArgs("--coordinator", ReferenceExpression.Create($"http://127.0.0.1:{port}")).WaitFor(coordinator);
        }
    }

    private IResourceBuilder<ExecutableResource> AddMonitored(string name, params string[] arguments)
    {
        var process = AddAtelier(name, arguments).WithHttpEndpoint(name: Monitoring).WithHttpHealthCheck("/readyz", endpointName: Monitoring);
        WithListen(process, "--monitoring", Monitoring);
        return process;
    }

    private IResourceBuilder<ExecutableResource> AddAtelier(string name, params string[] arguments) =>
        builder.AddExecutable(name, "dotnet", options.Folder, [Program, .. arguments]).WithOtlpExporter()
            // Aspire's `always_on` would record the children of what Atelier records none of: calls between grains, many times a second.
            .WithEnvironment("OTEL_TRACES_SAMPLER", "parentbased_always_on");

    private static void WithListen(IResourceBuilder<ExecutableResource> resource, string option, string endpoint)
    {
        var port = resource.GetEndpoint(endpoint).Property(EndpointProperty.TargetPort);
        resource.WithArgs(option, ReferenceExpression.Create($"127.0.0.1:{port}"));
    }
}
