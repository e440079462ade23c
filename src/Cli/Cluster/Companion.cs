using System.CommandLine;

namespace Atelier.Cli.Cluster;

/// <summary>A process that another one of this machine started, and that is to end with it.</summary>
internal static class Companion
{
    /// <summary>The option that makes a process one.</summary>
    public static Option<bool> Option() => new("--until-stdin-closes") { Description = "end with the process that started it", Hidden = true };

    /// <summary>Ends this process when whoever started it does: it holds the other end of the standard input, which the system closes then.</summary>
    public static void EndWithStdin() => new Thread(() =>
    {
        using var input = Console.OpenStandardInput();
        var buffer = new byte[64];
        while (input.Read(buffer) > 0)
        {
        }
        Environment.Exit(ExitCode.Success);
    })
    { IsBackground = true, Name = "stdin" }.Start();
}
