using System.Diagnostics;
using System.Text.Json;

namespace Atelier.Bench;

/// <summary>The Python programs of <c>bench/</c> that a benchmark compares with, run by the system's interpreter.</summary>
internal static class PythonPeer
{
    private const string Python = "/usr/bin/python3"; // Debian's, which has Debian's modules

    /// <summary>Runs a program to its end.</summary>
    /// <param name="script">Its file name in <c>bench/</c>.</param>
    /// <param name="needs">Debian packages it needs, for the message where it cannot run.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <returns>The JSON object that it printed; null where it cannot run: standard error says why.</returns>
    public static JsonElement? Run(string script, string needs, params string[] arguments)
    {
        if (!File.Exists(Python))
        {
            Console.Error.WriteLine($"atelier: no comparison with Python: there is no {Python}");
            return null;
        }
        var start = new ProcessStartInfo(Python, [Path.Combine(AppContext.BaseDirectory, "peers", script), .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };
        // The peer computes with as many threads as it likes, not with what this process has set for its own numerics.
        foreach (var name in new[] { "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "OMP_DYNAMIC", "OMP_WAIT_POLICY" })
            start.Environment.Remove(name);
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode == 0)
            return JsonDocument.Parse(output).RootElement;
        Console.Error.WriteLine($"atelier: no comparison with Python ({script} needs {needs}): {errors.GetAwaiter().GetResult().TrimEnd().Split('\n')[^1]}");
        return null;
    }
}
