using System.Diagnostics;
namespace Atelier.TestKit;

/// <summary>
/// A PostgreSQL server of the tests' own, on a socket in a temporary folder. Started once, by the first test that wants it.
/// </summary>
public sealed class PostgresServer : IAsyncDisposable
{
    /// <summary>Null once the server runs; else why there is none.</summary>
    private readonly Lazy<Task<string?>> _start;
    private readonly string? _binaries = FindBinaries();
    private string? _folder;
    private int _schemas;

    private string Data => Path.Combine(_folder!, "data");

    public PostgresServer() => _start = new(() => Task.Run(Make));

    /// <summary>Why there is no server to be had; null where there is one.</summary>
    public Task<string?> WhyNotAsync() => _start.Value;

    /// <summary>Makes an empty schema.</summary>
    /// <returns>A connection string that leads there.</returns>
    public string MakeSchema()
    {
        var schema = $"s{Interlocked.Increment(ref _schemas)}";
        Execute($"CREATE SCHEMA {schema}");
        return $"Host={_folder};Username=atelier;Database=postgres;Search Path={schema};Maximum Pool Size=8";
    }

    /// <summary>Ends the server, as a crash does.</summary>
    public void Stop() => Run("pg_ctl", "stop", "-s", "-w", "-m", "immediate", "-D", Data);

    /// <summary>Starts it over what it has stored.</summary>
    // The socket's path must be short; the folder is the socket's too. Nothing listens on a port.
    public void Start() => Run("pg_ctl", "start", "-s", "-w", "-t", "120", "-D", Data, "-l", Path.Combine(_folder!, "log"), "-o", $"-F -k {_folder} -c listen_addresses=");

    /// <summary>Has it refuse to write, or write again.</summary>
    public void SetReadOnly(bool isReadOnly)
    {
        Execute($"ALTER SYSTEM SET default_transaction_read_only = {(isReadOnly ? "on" : "off")}");
        Run("pg_ctl", "reload", "-s", "-D", Data);
    }

    /// <summary>Has all its processes stand still, connections open, until they are thawed.</summary>
    public void Freeze() => Signal("STOP");

    /// <summary>Lets them go on.</summary>
    public void Thaw() => Signal("CONT");

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        if (_folder is not null)
        {
            Thaw();
            Stop();
            Directory.Delete(_folder, recursive: true);
        }
        return ValueTask.CompletedTask;
    }

    private static string? FindBinaries() => Directory.Exists("/usr/lib/postgresql")
        ? Directory.GetDirectories("/usr/lib/postgresql").Select(version => Path.Combine(version, "bin")).Where(bin => File.Exists(Path.Combine(bin, "initdb"))).Max()
        : null;

    private string? Make()
    {
        if (_binaries is null)
            return "there is no PostgreSQL under /usr/lib/postgresql; Debian's package postgresql has it";
        _folder = Directory.CreateTempSubdirectory("atelier-pg-").FullName;
        if (Environment.UserName == "root")
            Call("chown", "postgres", _folder);
        Run("initdb", "-D", Data, "-U", "atelier", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync");
        Start();
        return null;
    }

    private void Signal(string signal)
    {
        var server = File.ReadLines(Path.Combine(Data, "postmaster.pid")).First();
        // The server first, so that it starts none meanwhile; one that has just ended is no fault.
        Call("sh", "-c", $"kill -{signal} {server}; pkill -{signal} -P {server} || true");
    }

    private void Execute(string sql) => Run("psql", "-q", "-h", _folder!, "-U", "atelier", "-d", "postgres", "-c", sql);

    /// <summary>The server refuses to run as root; its package made a user for it.</summary>
    private void Run(string program, params string[] arguments)
    {
        var path = Path.Combine(_binaries!, program);
        if (Environment.UserName == "root")
            Call("runuser", ["-u", "postgres", "--", path, .. arguments]);
        else
            Call(path, arguments);
    }

    private void Call(string program, params string[] arguments)
    {
        // In the server's folder, because its user may not enter the one that the tests run in.
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { WorkingDirectory = _folder, RedirectStandardOutput = true })!;
        process.WaitForExit();
        if (process.ExitCode != 0)
            throw new InvalidOperationException($"{program} {string.Join(' ', arguments)} ended with {process.ExitCode}");
    }
}
