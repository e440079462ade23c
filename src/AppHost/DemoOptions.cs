using System.Net;
using System.Net.Sockets;

namespace Atelier.AppHost;

/// <summary>The command line of the AppHost, and what it means for Aspire's configuration.</summary>
/// <param name="HasReplicas">Three coordinators over PostgreSQL instead of one over a file.</param>
/// <param name="Folder">Where the coordinator's database and the run are kept, as an absolute path.</param>
internal sealed record DemoOptions(bool HasReplicas, string Folder)
{
    private const string ReplicasOption = "--replicas", FolderOption = "--out", DashboardVariable = "ASPNETCORE_URLS", OtlpVariable = "ASPIRE_DASHBOARD_OTLP_ENDPOINT_URL",
        ServiceVariable = "ASPIRE_RESOURCE_SERVICE_ENDPOINT_URL";

    private const string DefaultDashboard = "http://127.0.0.1:18888";

    /// <summary>Reads it.</summary>
    /// <returns>Null where it cannot be understood.</returns>
    public static DemoOptions? Parse(IReadOnlyList<string> args)
    {
        var options = new DemoOptions(false, Path.Combine("runs", "aspire"));
        for (int at = 0; at < args.Count; at++)
        {
            if (args[at] == ReplicasOption)
                options = options with { HasReplicas = true };
            else if (args[at] == FolderOption && at + 1 < args.Count)
                options = options with { Folder = args[++at] };
            else
                return null;
        }
        return options with { Folder = Path.GetFullPath(options.Folder) };
    }

    /// <summary>Prints what there is, after a mistake.</summary>
    /// <returns>The exit code.</returns>
    public static int Explain()
    {
        Console.Error.WriteLine($"""
            dotnet run --project src/AppHost -- [{ReplicasOption}] [{FolderOption} DIR]
              {ReplicasOption}   three coordinators over a PostgreSQL server, instead of one over a file
              {FolderOption} DIR    the run folder; the same folder again continues the run (default: runs/aspire)
            {DashboardVariable} says where Aspire's dashboard listens (default: {DefaultDashboard}).
            """);
        return 2;
    }

    /// <summary>
    /// What Aspire reads, where the environment does not say otherwise: its dashboard, its receiver of OTLP and its own service on this machine
    /// without TLS, and telemetry every second, as during development. The AppHost ends after all that it started, and says
    /// no more than is needed.
    /// </summary>
    public static string[] Configuration() =>
    [
        "--environment=Development",
        Setting(DashboardVariable, DefaultDashboard),
        Setting(OtlpVariable, FreeAddress()),
        Setting(ServiceVariable, FreeAddress()),
        "--DcpPublisher:WaitForResourceCleanup=true",
        "--Logging:LogLevel:Microsoft.AspNetCore=Warning",
        "--Logging:LogLevel:Aspire.Hosting.Dcp=Warning",
    ];

    private static string Setting(string variable, string otherwise) => $"--{variable}={Environment.GetEnvironmentVariable(variable) ?? otherwise}";

    private static string FreeAddress()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return $"http://{listener.LocalEndpoint}";
    }
}
