using System.Diagnostics;
using System.Text.RegularExpressions;

namespace Atelier.Architecture.Tests;

/// <summary>The commands of <c>atelier</c>, as its help lists them.</summary>
internal static partial class AtelierCommands
{
    /// <summary>All commands that do something, with those of a group behind its name: <c>bench step</c>.</summary>
    public static IReadOnlyList<string> List() => [.. Below("").SelectMany(command => Below(command) is { Count: > 0 } children ? children : [command])];

    /// <summary>What <c>atelier COMMAND --help</c> prints.</summary>
    public static string Help(string command)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in command.Split(' ', StringSplitOptions.RemoveEmptyEntries).Prepend(Path.Combine(AppContext.BaseDirectory, "atelier.dll")).Append("--help"))
            start.ArgumentList.Add(argument);
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        var help = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"atelier {command} --help ended with {process.ExitCode}: {error.GetAwaiter().GetResult()}");
        return help;
    }

    private static List<string> Below(string command)
    {
        var section = Help(command).Split('\n').SkipWhile(line => line.TrimEnd() != "Commands:").Skip(1).TakeWhile(line => !string.IsNullOrWhiteSpace(line));
        return [.. section.Select(line => CommandLine().Match(line)).Where(match => match.Success).Select(match => $"{command} {match.Groups[1].Value}".Trim())];
    }

    // A line that goes on from the one above is indented further.
    [GeneratedRegex(@"^  ([a-z][a-z0-9-]*)(\s|$)")]
    private static partial Regex CommandLine();
}
