using System.Text.Json;
using Atelier.Core;
using Atelier.Storage.Safetensors;
using Atelier.Training.Exports;
using static TorchSharp.torch;

namespace Atelier.Training.Oracles;

/// <summary>Recomputes the cases of reference files made with the published PyTorch implementation.</summary>
public static class Oracle
{
    /// <summary>Computes every case of a file of any known kind.</summary>
    /// <param name="path">A safetensors file.</param>
    /// <param name="precision">float64 or float32: what to compute in.</param>
    /// <param name="device">Where to compute.</param>
    /// <exception cref="UserErrorException">The file is missing, malformed, or of no known kind.</exception>
    public static IEnumerable<OracleResult> Run(string path, ScalarType precision, Device device)
    {
        using var file = new OracleFile(path, precision);
        foreach (var result in Cases(file, precision, device))
            yield return result;
    }

    private static IEnumerable<OracleResult> Cases(OracleFile file, ScalarType precision, Device device)
    {
        if (file.HasMetadata("steps"))
            return TrajectoryOracle.Run(file, precision, device);
        if (file.HasMetadata("gains"))
            return LossOracle.Run(file, precision, device);
        if (file.HasMetadata("truncation"))
            return NetworkOracle.Run(file, precision, device);
        if (file.Names.Any(name => name.EndsWith("/out", StringComparison.Ordinal)))
            return OpsOracle.Run(file, precision, device);
        if (DetectorOracle.IsOne(file))
            return DetectorOracle.Run(file, device);
        if (MetricsOracle.IsOne(file))
            return MetricsOracle.Run(file, precision);
        throw new UserErrorException($"{file.Path}: the file has no reference values for ops, networks, losses, trajectories, metrics or detectors");
    }
}

/// <summary>How far a case is from its reference.</summary>
/// <param name="Case">Its name.</param>
/// <param name="Error">Worst error of its tensors: max|a−b| / max(max|b|, 1e-6).</param>
/// <param name="Tolerance">What was allowed where the error is worst.</param>
/// <param name="Tensor">The tensor with the worst error in terms of its tolerance.</param>
public sealed record OracleResult(string Case, double Error, double Tolerance, string Tensor)
{
    /// <summary>Whether every tensor of the case is within its tolerance.</summary>
    public bool Passed => Error <= Tolerance; // false for NaN
}

/// <summary>Collects the errors of one case.</summary>
/// <param name="name">The case.</param>
/// <param name="precision">Decides the tolerances: float64 1e-9; float32 1e-4 for values and 1e-3 for gradients and trajectories.</param>
internal sealed class OracleCase(string name, ScalarType precision)
{
    private OracleResult _worst = new(name, 0, 0, "none");

    public OracleResult Result => _worst.Tensor == "none"
        ? throw new InvalidOperationException($"the case {name} compared nothing")
        : _worst;

    public void Value(string tensor, Tensor actual, Tensor expected) =>
        Compare(tensor, actual, expected, precision == ScalarType.Float64 ? 1e-9 : 1e-4);

    public void Gradient(string tensor, Tensor actual, Tensor expected) =>
        Compare(tensor, actual, expected, precision == ScalarType.Float64 ? 1e-9 : 1e-3);

    private void Compare(string tensor, Tensor actual, Tensor expected, double tolerance)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        double error = actual.shape.SequenceEqual(expected.shape) ? Error(actual, expected) : double.NaN;
        bool worse = double.IsNaN(error) || error / tolerance > _worst.Error / Math.Max(_worst.Tolerance, double.Epsilon);
        if (_worst.Tensor == "none" || (worse && !double.IsNaN(_worst.Error)))
            _worst = new OracleResult(name, error, tolerance, tensor);
    }

    private static double Error(Tensor actual, Tensor expected)
    {
        if (expected.numel() == 0)
            return 0;
        var reference = expected.to(ScalarType.Float64);
        double difference = (actual.to(ScalarType.Float64) - reference).abs().max().item<double>();
        return difference / Math.Max(reference.abs().max().item<double>(), 1e-6);
    }
}

/// <summary>A safetensors file of reference values: inputs, expected results, and the arguments in its metadata.</summary>
public sealed class OracleFile : IDisposable
{
    private readonly SafetensorsReader _file;
    private readonly ScalarType _precision;

    /// <summary>Opens <paramref name="path"/>; its tensors are read as <paramref name="precision"/>.</summary>
    /// <exception cref="UserErrorException">The file is missing or malformed.</exception>
    public OracleFile(string path, ScalarType precision)
    {
        Path = path;
        _file = SafetensorsReader.Open(path);
        _precision = precision;
    }

    /// <summary>Where the file lies.</summary>
    public string Path { get; }

    /// <summary>Names of all tensors.</summary>
    public IEnumerable<string> Names => _file.Entries.Select(entry => entry.Name);

    /// <summary>Whether the file has a tensor called <paramref name="name"/>.</summary>
    public bool Has(string name) => _file.Contains(name);

    /// <summary>Whether the metadata has <paramref name="key"/>.</summary>
    public bool HasMetadata(string key) => _file.Metadata.ContainsKey(key);

    /// <summary>A metadata value, parsed.</summary>
    /// <exception cref="UserErrorException">The file does not say it.</exception>
    public JsonElement Metadata(string key) => _file.Metadata.TryGetValue(key, out var text)
        ? JsonDocument.Parse(text).RootElement
        : throw new UserErrorException($"{Path}: the metadata has no '{key}'");

    /// <summary>A tensor, in the precision asked for; the caller disposes it.</summary>
    public Tensor this[string name] => SafetensorsTensors.Read(_file, name).to(_precision);

    /// <summary>Names under <paramref name="prefix"/>, without it.</summary>
    public IEnumerable<string> Under(string prefix) =>
        Names.Where(name => name.StartsWith(prefix, StringComparison.Ordinal)).Select(name => name[prefix.Length..]);

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();
}
