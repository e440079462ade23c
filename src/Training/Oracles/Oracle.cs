using Atelier.Core;
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
        throw new UserErrorException($"{file.Path}: this is no file of reference values of ops, networks, losses, trajectories, metrics or detectors");
    }
}
