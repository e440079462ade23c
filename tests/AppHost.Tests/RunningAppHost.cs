using System.Diagnostics;
using System.Reflection;
using System.Text.Json;
using System.Threading.Channels;
using Atelier.TestKit;

namespace Atelier.AppHost.Tests;

/// <summary>The AppHost as a person starts it, with a dashboard that needs no login.</summary>
internal sealed class RunningAppHost : IDisposable
{
    /// <summary>No start or end takes this long, on a machine however busy.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private static readonly string Program = Repository.Full("artifacts/bin/AppHost/release/Atelier.AppHost.dll");

    private readonly HttpClient _http;
    private readonly Process _process;
    private readonly Channel<string> _output = Channel.CreateUnbounded<string>();

    private RunningAppHost(Process process, Uri dashboard)
    {
        (_process, _http) = (process, new HttpClient { BaseAddress = dashboard, Timeout = TimeSpan.FromSeconds(10) });
        process.OutputDataReceived += (_, line) => _output.Writer.TryWrite(line.Data ?? "");
        process.ErrorDataReceived += (_, line) => _output.Writer.TryWrite(line.Data ?? "");
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    /// <summary>All that was printed.</summary>
    public string Printed
    {
        get
        {
            var lines = new List<string>();
            while (_output.Reader.TryRead(out var line))
                lines.Add(line);
            return string.Join('\n', lines);
        }
    }

    /// <summary>Starts it; skips the test where it was not built, or Aspire's programs are gone.</summary>
    public static RunningAppHost Start(params string[] arguments)
    {
        Assert.SkipWhen(WhyNot() is not null, WhyNot() ?? "");
        var dashboard = new Uri($"http://127.0.0.1:{FreePorts.Take()}");
        var start = new ProcessStartInfo("dotnet", [Program, .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var variable in start.Environment.Keys.Where(name => name.StartsWith("OTEL_", StringComparison.Ordinal) || name.StartsWith("ATELIER_", StringComparison.Ordinal)).ToList())
            start.Environment.Remove(variable);
        start.Environment["ASPNETCORE_URLS"] = dashboard.ToString();
        start.Environment["ASPIRE_DASHBOARD_UNSECURED_ALLOW_ANONYMOUS"] = "true";
        return new(Process.Start(start)!, dashboard);
    }

    /// <summary>Waits until the dashboard shows a page.</summary>
    public async Task<string> ReadDashboardAsync(string page) => await UntilAsync(() => _http.GetStringAsync(page), _ => true);

    /// <summary>Waits until telemetry that was asked for is what a test wants.</summary>
    /// <param name="path">What is asked for, below <c>/api/telemetry/</c>.</param>
    /// <param name="isWanted">What it should be.</param>
    public async Task<JsonElement> ReadTelemetryAsync(string path, Predicate<JsonElement> isWanted) =>
        await UntilAsync(async () => JsonSerializer.Deserialize<JsonElement>(await _http.GetStringAsync($"api/telemetry/{path}")), isWanted);

    /// <summary>Waits until what a process answers as JSON is what a test wants.</summary>
    public async Task<JsonElement> ReadAsync(Uri address, Predicate<JsonElement> isWanted) => await UntilAsync(async () => JsonSerializer.Deserialize<JsonElement>(await _http.GetStringAsync(address)), isWanted);

    /// <summary>Ends it, as Ctrl-C does.</summary>
    /// <returns>Its exit code.</returns>
    public async Task<int> InterruptAsync()
    {
        using (var kill = Process.Start("sh", ["-c", $"kill -INT {_process.Id}"]))
            await kill.WaitForExitAsync();
        using var late = new CancellationTokenSource(Patience);
        await _process.WaitForExitAsync(late.Token);
        return _process.ExitCode;
    }

    /// <summary>Waits for the end.</summary>
    public async Task<int> WaitForExitAsync()
    {
        using var late = new CancellationTokenSource(Patience);
        await _process.WaitForExitAsync(late.Token);
        return _process.ExitCode;
    }

    public void Dispose()
    {
        if (!_process.HasExited)
            _process.Kill();
        _process.Dispose();
        _http.Dispose();
    }

    /// <summary>Why it cannot run here; null where it can. The build wrote into the program where Aspire's own are.</summary>
    private static string? WhyNot()
    {
        if (!File.Exists(Program))
            return "the AppHost is not built: dotnet build src/AppHost (it needs Aspire's packages from NuGet)";
        var places = Assembly.LoadFrom(Program).GetCustomAttributes<AssemblyMetadataAttribute>().Where(place => place.Key is "dcpclipath" or "aspiredashboardpath").ToList();
        return places.Count < 2 ? "the AppHost was built without Aspire's orchestrator and dashboard"
            : places.FirstOrDefault(place => !File.Exists(place.Value)) is { } gone ? $"{gone.Value} of Aspire is not there; restore src/AppHost again"
            : null;
    }

    private async Task<T> UntilAsync<T>(Func<Task<T>> ask, Predicate<T> isWanted)
    {
        var clock = Stopwatch.StartNew();
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(200));
        while (await timer.WaitForNextTickAsync(TestContext.Current.CancellationToken))
        {
            Assert.False(_process.HasExited, $"the AppHost ended:\n{(_process.HasExited ? Printed : "")}");
            Assert.True(clock.Elapsed < Patience, $"it did not come within {Patience}:\n{(clock.Elapsed < Patience ? "" : Printed)}");
            try
            {
                if (await ask() is { } answer && isWanted(answer))
                    return answer;
            }
            catch (Exception trouble) when (trouble is HttpRequestException or TaskCanceledException { InnerException: TimeoutException })
            {
                // The dashboard is not there yet; Aspire's proxy accepts connections before it is, and answers none of them.
            }
        }
        throw new OperationCanceledException();
    }
}
