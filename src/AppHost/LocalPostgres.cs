using System.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Atelier.AppHost;

/// <summary>
/// A PostgreSQL server of this machine's own programs, in a temporary folder, on a Unix socket there: a container would need a runtime for
/// containers. What it stores is gone afterwards; the run's folder has all that a run needs to go on.
/// </summary>
internal sealed class LocalPostgres : IDisposable
{
    private const string Installed = "/usr/lib/postgresql", User = "atelier", Owner = "postgres";

    private readonly string _programs;

    private LocalPostgres(string programs, string folder) => (_programs, Folder) = (programs, folder);

    /// <summary>What <c>--database</c> takes.</summary>
    public string Database => $"postgres:Host={Folder};Username={User};Database=postgres";

    private string Folder { get; }

    private string Data => Path.Combine(Folder, "data");

    /// <summary>The server refuses to run as root; its package made a user for it.</summary>
    private static bool IsRoot => Environment.UserName == "root";

    /// <summary>Prepares an empty database.</summary>
    /// <returns>Null where PostgreSQL is not installed.</returns>
    /// <exception cref="InvalidOperationException">It cannot be prepared.</exception>
    public static LocalPostgres? Create()
    {
        if (!Directory.Exists(Installed))
            return null;
        var programs = Directory.GetDirectories(Installed).Select(version => Path.Combine(version, "bin")).Where(bin => File.Exists(Path.Combine(bin, "initdb"))).Max();
        if (programs is null)
            return null;
        // The socket's path must be short; the system's temporary folder has one that is.
        var postgres = new LocalPostgres(programs, Directory.CreateTempSubdirectory("atelier-aspire-").FullName);
        if (IsRoot)
            postgres.Run("chown", Owner, postgres.Folder);
        postgres.Run(postgres.CommandOf("initdb", "-D", postgres.Data, "-U", User, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"));
        return postgres;
    }

    /// <summary>Says what is missing.</summary>
    /// <returns>The exit code.</returns>
    public static int ExplainMissing()
    {
        Console.Error.WriteLine($"--replicas needs PostgreSQL, which was not found under {Installed}; install it (package postgresql on Debian and Ubuntu), or start without --replicas");
        return 2;
    }

    /// <summary>Has Aspire start the server, and know when it answers.</summary>
    public IResourceBuilder<ExecutableResource> AddTo(IDistributedApplicationBuilder builder)
    {
        builder.Services.AddHealthChecks().AddCheck("postgres", () =>
            Try(Path.Combine(_programs, "pg_isready"), "-q", "-h", Folder) == 0 ? HealthCheckResult.Healthy() : HealthCheckResult.Unhealthy("PostgreSQL does not answer"));
        string[] command = CommandOf("postgres", "-D", Data, "-k", Folder, "-c", "listen_addresses=", "-F");
        return builder.AddExecutable("postgres", command[0], Folder, command[1..]).WithHealthCheck("postgres");
    }

    /// <inheritdoc/>
    public void Dispose() => Directory.Delete(Folder, recursive: true);

    /// <summary>A program of the server's, as its user.</summary>
    private string[] CommandOf(string program, params string[] arguments) => IsRoot
        ? ["setpriv", $"--reuid={Owner}", $"--regid={Owner}", "--clear-groups", Path.Combine(_programs, program), .. arguments]
        : [Path.Combine(_programs, program), .. arguments];

    private void Run(params string[] command)
    {
        if (Try(command) is var code and not 0)
            throw new InvalidOperationException($"{string.Join(' ', command)} ended with {code}");
    }

    private int Try(params string[] command)
    {
        using var process = Process.Start(new ProcessStartInfo(command[0], command[1..]) { WorkingDirectory = Folder, RedirectStandardOutput = true })!;
        process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode;
    }
}
