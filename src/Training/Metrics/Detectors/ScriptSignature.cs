using System.IO.Compression;
using System.Text.RegularExpressions;

namespace Atelier.Training.Metrics.Detectors;

/// <summary>
/// What a TorchScript file's <c>forward</c> takes after the images: boolean flags, by their places and defaults. Read from the
/// source that the file carries, because TorchSharp shows neither names nor defaults.
/// </summary>
/// <param name="Flags">In order.</param>
internal sealed partial record ScriptSignature(IReadOnlyList<(string Name, bool Value)> Flags)
{
    /// <summary>The signature of the <c>forward</c> that takes the most of <paramref name="wanted"/>: a file has one per submodule.</summary>
    public static ScriptSignature Read(string path, string[] wanted)
    {
        using var archive = ZipFile.OpenRead(path);
        var best = new ScriptSignature([]);
        foreach (var entry in archive.Entries.Where(entry => entry.Name.EndsWith(".py", StringComparison.Ordinal)))
        {
            using var reader = new StreamReader(entry.Open());
            foreach (Match forward in Forward().Matches(reader.ReadToEnd()))
            {
                var signature = new ScriptSignature([.. Flag().Matches(forward.Groups[1].Value).Select(flag => (flag.Groups[1].Value, flag.Groups[2].Value == "True"))]);
                if (wanted.Count(signature.Takes) > wanted.Count(best.Takes) || best.Flags.Count == 0)
                    best = signature;
            }
        }
        return best;
    }

    public bool Takes(string flag) => Flags.Any(taken => taken.Name == flag);

    /// <inheritdoc/>
    public override string ToString() => $"forward({string.Join(", ", Flags.Select(flag => flag.Name).Prepend("images"))})";

    [GeneratedRegex(@"def forward\(self: [^,]+,\s*\w+: Tensor,?([^)]*)\)")]
    private static partial Regex Forward();

    [GeneratedRegex(@"(\w+): bool=(True|False)")]
    private static partial Regex Flag();
}
