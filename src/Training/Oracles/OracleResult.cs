using static TorchSharp.torch;

namespace Atelier.Training.Oracles;

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
