using Atelier.Core;
using Atelier.Training.Metrics.Detectors;
using static TorchSharp.torch;

namespace Atelier.Training.Oracles;

/// <summary>
/// Answers of TorchScript detectors to keyword arguments against <c>detectors.safetensors</c>. The modules lie beside the
/// file, and each case's metadata has its arguments as they stand in a call.
/// </summary>
internal static class DetectorOracle
{
    public static bool IsOne(OracleFile file) => file.Has("img") && Cases(file).Any();

    public static IEnumerable<OracleResult> Run(OracleFile file, Device device)
    {
        foreach (var cases in Cases(file).GroupBy(name => name.Split('/')[0]))
        {
            using var outer = NewDisposeScope();
            using var detector = ScriptDetector.Load(ModuleBeside(file.Path, cases.Key), sha256: null, [.. cases.SelectMany(name => Flags(file, name)).Select(flag => flag.Name).Distinct()], device);
            var images = file["img"].to(ScalarType.Byte);
            foreach (var name in cases)
            {
                // The modules compute in float32, whatever the comparison is in.
                var result = new OracleCase(name, ScalarType.Float32);
                result.Value(name, detector.Run(images, [.. Flags(file, name)]), file[name]);
                yield return result.Result;
            }
        }
    }

    private static IEnumerable<string> Cases(OracleFile file) =>
        file.Names.Where(name => name.Contains('/', StringComparison.Ordinal) && file.HasMetadata(name)).Order(StringComparer.Ordinal);

    private static IEnumerable<(string Name, bool Value)> Flags(OracleFile file, string name)
    {
        foreach (var argument in file.Metadata(name).GetString()!.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            var parts = argument.Split('=', StringSplitOptions.TrimEntries);
            if (parts.Length != 2 || parts[1] is not ("True" or "False"))
                throw new UserErrorException($"{file.Path}: the case {name} has the argument `{argument}`; arguments are NAME=True or NAME=False");
            yield return (parts[0], parts[1] == "True");
        }
    }

    private static string ModuleBeside(string path, string detector)
    {
        var folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        foreach (var name in new[] { $"tiny-{detector}.pt", $"{detector}.pt" }.Select(name => Path.Combine(folder, name)).Where(File.Exists))
            return name;
        return Directory.GetFiles(folder, $"*{detector}*.pt") is [var only]
            ? only
            : throw new UserErrorException($"{path}: the detector tiny-{detector}.pt must lie beside it");
    }
}
