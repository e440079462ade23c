using System.CommandLine;
using Atelier.Core;

namespace Atelier.Cli.Commands;

/// <summary>How many images are worked on at once.</summary>
internal static class JobsOption
{
    private const int Most = 1024;

    public static Option<int> Create() =>
        new("--jobs") { Description = "images at once; any number gives the same result (default: the cores)", DefaultValueFactory = _ => Environment.ProcessorCount };

    /// <summary>The value.</summary>
    /// <exception cref="UserErrorException">It is out of range.</exception>
    public static int Get(ParseResult parsed, Option<int> option) => parsed.GetValue(option) is var jobs and >= 1 and <= Most
        ? jobs
        : throw new UserErrorException($"--jobs {parsed.GetValue(option)}: a number from 1 to {Most} is needed");
}
