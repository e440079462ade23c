using System.CommandLine;
using Atelier.Training.Analysis;
using Atelier.Training.Analysis.Correction;
using Atelier.Training.Exports;
using static TorchSharp.torch;

namespace Atelier.Cli.Commands;

/// <summary><c>--correction</c>, of every command that draws samples.</summary>
internal static class CorrectionOption
{
    public static Option<string?> Create() => new("--correction") { Description = "correct internal units with a file written by `correct apply`" };

    /// <summary>Hangs a correction into a network; null for none. The caller disposes it.</summary>
    public static UnitScaling? Apply(string? path, LoadedGenerator loaded, Device device)
    {
        if (path is null)
            return null;
        var correction = UnitCorrection.Load(path);
        if (correction.Network != loaded.Digest)
            Console.Error.WriteLine($"atelier: {path} was made for another network, or another snapshot of this one; its units may not be the ones that cause artifacts here");
        var hook = correction.On(loaded.Network, device);
        loaded.Network.Hook = hook;
        return hook;
    }
}
