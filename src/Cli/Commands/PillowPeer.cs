using System.Diagnostics;
using System.Text.Json;
using Atelier.Core;

namespace Atelier.Cli.Commands;

/// <summary>The loop that people write with Pillow, run as it is (<c>bench/pillow_convert.py</c>), for ratios.</summary>
internal static class PillowPeer
{
    private const string Python = "/usr/bin/python3"; // Debian's, which has Debian's modules

    /// <summary>Why there is no peer; null if there is one.</summary>
    public static string? WhyAbsent() =>
        File.Exists(Python) && Start("-c", "import PIL.Image") is { ExitCode: 0 } ? null : $"{Python} has no Pillow: install the Debian package python3-pil";

    /// <summary>Converts a zip file of images.</summary>
    /// <param name="source">The zip file.</param>
    /// <param name="output">The zip file to write.</param>
    /// <param name="side">Pixels a side of the results.</param>
    /// <returns>Images a second, without the start of the interpreter, and Pillow's version.</returns>
    public static (double ImagesPerSecond, string Version) Run(string source, string output, int side)
    {
        var (exitCode, text, error) = Start(Path.Combine(AppContext.BaseDirectory, "bench", "pillow_convert.py"), source, output, $"{side}", "lanczos");
        if (exitCode != 0)
            throw new UserErrorException($"{source}: Pillow's loop failed: {error.Trim().Split('\n')[^1]}");
        var result = JsonDocument.Parse(text).RootElement;
        return (result.GetProperty("images").GetInt32() / result.GetProperty("seconds").GetDouble(), result.GetProperty("pillow").GetString()!);
    }

    private static (int ExitCode, string Text, string Error) Start(params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(Python, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var error = process.StandardError.ReadToEndAsync();
        var text = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, text, error.GetAwaiter().GetResult());
    }
}
