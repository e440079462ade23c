using System.Globalization;
using System.Text.RegularExpressions;
using Atelier.Core;
using Atelier.Core.Metrics;
using Atelier.Training.Metrics.Detectors;
using Atelier.Training.Metrics.Statistics;
using static TorchSharp.torch;

namespace Atelier.Training.Oracles;

/// <summary>Metrics of given features against <c>metrics.safetensors</c>; the metadata says of each in words which rows it is over.</summary>
internal static partial class MetricsOracle
{
    // Small enough that the reference's few hundred rows make several blocks.
    private const long BudgetBytes = 1 << 20;

    public static bool IsOne(OracleFile file) => file.Has("fid") || file.Has("ppl_distances") || file.Has("probabilities") || (file.Has("real") && file.Has("fake"));

    public static IEnumerable<OracleResult> Run(OracleFile file, ScalarType precision)
    {
        using var outer = NewDisposeScope();
        if (file.Has("fid"))
        {
            using var real = FeatureMoments.Of(file["real"]);
            using var fake = FeatureMoments.Of(file["fake"]);
            var result = new OracleCase("fid", precision);
            result.Value("fid", tensor([FrechetDistance.Between(real, fake)]), file["fid"]);
            result.Value("fid", tensor([FrechetDistance.Reference(real, fake)]), file["fid"]);
            yield return result.Result;
        }
        if (file.Has("fid_rank_deficient"))
        {
            using var real = FeatureMoments.Of(First(file["real"], Number(file, "fid_rank_deficient", 0, 40)));
            using var fake = FeatureMoments.Of(file["fake"]);
            // The published root has the roots of rounding errors in it (about 1e-8), so its own formula is what can be compared to 1e-9.
            yield return Case(file, precision, "fid_rank_deficient", FrechetDistance.Reference(real, fake));
        }
        if (file.Has("kid_one_subset"))
        {
            int rows = Number(file, "kid", 0, 300);
            yield return Case(file, precision, "kid_one_subset", KernelDistance.OfSubset(First(file["real"], rows), First(file["fake"], rows), BudgetBytes));
        }
        if (file.Has("precision"))
        {
            var real = First(file["real"], Number(file, "pr", 0, 300));
            var fake = First(file["fake"], Number(file, "pr", 1, 400));
            int neighbours = Number(file, "pr", 2, 3);
            yield return Case(file, precision, "precision", FeatureManifold.Covered(real, fake, neighbours, BudgetBytes));
            yield return Case(file, precision, "recall", FeatureManifold.Covered(fake, real, neighbours, BudgetBytes));
        }
        if (file.Has("inception_score"))
        {
            var (mean, deviation) = InceptionScore.Of(file["probabilities"], Number(file, "inception", 0, 10));
            yield return Case(file, precision, "inception_score", mean, deviation);
        }
        if (file.Has("ppl"))
            yield return Case(file, precision, "ppl", PathLengths.FilteredMean(file["ppl_distances"].to(ScalarType.Float64).data<double>().ToArray()));
    }

    private static OracleResult Case(OracleFile file, ScalarType precision, string name, params double[] values)
    {
        var result = new OracleCase(name, precision);
        result.Value(name, tensor(values), file[name]);
        return result.Result;
    }

    private static Tensor First(Tensor rows, int count) => rows.narrow(0, 0, Math.Min(count, rows.shape[0]));

    // The n-th whole number in a metadata text such as "first 300 real, 400 fake, k=3".
    private static int Number(OracleFile file, string key, int index, int otherwise)
    {
        if (!file.HasMetadata(key) || file.Metadata(key).GetString() is not { } text)
            return otherwise;
        var numbers = WholeNumber().Matches(text);
        return index < numbers.Count ? int.Parse(numbers[index].Value, CultureInfo.InvariantCulture) : otherwise;
    }

    [GeneratedRegex(@"\d+")]
    private static partial Regex WholeNumber();
}

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
            : throw new UserErrorException($"{path}: the detector tiny-{detector}.pt must be next to it");
    }
}
