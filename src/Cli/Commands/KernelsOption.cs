using System.CommandLine;
using Atelier.Training.Ops;

namespace Atelier.Cli.Commands;

/// <summary>Which ops every command and the processes that it starts compute with.</summary>
internal static class KernelsOption
{
    private const string PlainKernels = "plain";

    private static readonly Option<string?> Kernels = new("--kernels")
    {
        Description = "auto: the fastest available; plain: every op built from libtorch functions",
        Recursive = true,
    };

    public static Option Create()
    {
        Kernels.AcceptOnlyFromAmong("auto", PlainKernels);
        return Kernels;
    }

    /// <summary>Applies the option, where it was given, to this process and to those that it starts. Ops read the environment when they are first used.</summary>
    public static void Apply(ParseResult parsed)
    {
        if (parsed.GetValue(Kernels) is { } asked)
            Environment.SetEnvironmentVariable(OpKernels.PlainVariable, asked);
    }
}
