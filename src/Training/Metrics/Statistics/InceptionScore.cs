using Atelier.Training.Interop;
using static Atelier.Training.Interop.TensorArithmetic;
using static TorchSharp.torch;

namespace Atelier.Training.Metrics.Statistics;

/// <summary>The inception score: exp E KL(p(y|x) ‖ p(y)) (Salimans et al. 2016), in float64.</summary>
public static class InceptionScore
{
    /// <summary>The scores' mean and deviation over equal parts.</summary>
    /// <param name="probabilities">[N, classes]</param>
    /// <param name="splits">At most N parts.</param>
    public static (double Mean, double Deviation) Of(Tensor probabilities, int splits)
    {
        ArgumentNullException.ThrowIfNull(probabilities);
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        long count = probabilities.shape[0];
        var scores = Enumerable.Range(0, splits).Select(split =>
        {
            using var part = NewDisposeScope();
            long first = split * count / splits, end = (split + 1) * count / splits;
            var p = probabilities.narrow(0, first, end - first).to(ScalarType.Float64);
            var divergence = PLogP(p).sum(1) - (p * Log(p.mean([0], keepdim: true))).sum(1);
            return Math.Exp(divergence.mean().item<double>());
        }).ToList();
        double mean = scores.Average();
        return (mean, Math.Sqrt(scores.Average(score => (score - mean) * (score - mean))));
    }

    private static Tensor PLogP(Tensor p) => p * Log(p);

    // A probability of 0 adds nothing: 0·log 0 is 0 here, where the score of the published code becomes NaN.
    private static Tensor Log(Tensor p) => p.clamp_min(Number(double.Epsilon * (1L << 52))).log();
}
