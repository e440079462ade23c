using System.Diagnostics;
using System.Text.Json.Nodes;

namespace Atelier.Cli.Commands;

/// <summary>The Python process that `bench metrics` compares with: <c>bench/metrics_peer.py</c>.</summary>
internal static class MetricsPeer
{
    private const string Python = "/usr/bin/python3"; // Debian's, which has Debian's modules

    /// <summary>Runs a command of the script.</summary>
    /// <returns>What it printed, or null where it cannot run: the reason is said, and there is no comparison.</returns>
    public static JsonNode? Run(string command, params string[] arguments)
    {
        if (Environment.GetEnvironmentVariable("ATELIER_ROOT") is not { } root || !File.Exists(Python))
        {
            Console.Error.WriteLine($"atelier: no comparison with Python: it needs a checkout (./atelier bench metrics) and {Python}");
            return null;
        }
        var start = new ProcessStartInfo(Python, [Path.Combine(root, "bench", "metrics_peer.py"), command, .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };
        // The peer computes with as many threads as it likes, not with what this process has set for its own numerics.
        foreach (var name in new[] { "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "OMP_DYNAMIC", "OMP_WAIT_POLICY" })
            start.Environment.Remove(name);
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode == 0)
            return JsonNode.Parse(output);
        Console.Error.WriteLine($"atelier: no comparison with Python (python3-torch and python3-scipy are needed): {errors.GetAwaiter().GetResult().TrimEnd().Split('\n')[^1]}");
        return null;
    }
}
