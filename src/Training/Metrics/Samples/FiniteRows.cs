using Atelier.Core;

namespace Atelier.Training.Metrics.Samples;

/// <summary>Finds the sample that would make a whole metric no number.</summary>
internal static class FiniteRows
{
    /// <param name="rows">[N, …]</param>
    /// <param name="describe">Names the sample of a row, and what of it is not finite.</param>
    /// <exception cref="UserErrorException">A row has a number that is not finite.</exception>
    public static void Require(Tensor rows, Func<int, string> describe)
    {
        using var scope = TorchSharp.torch.NewDisposeScope();
        var finite = rows.flatten(1).isfinite().all(1);
        if (finite.all().item<bool>())
            return;
        int first = (int)finite.to(TorchSharp.torch.ScalarType.Int32).argmin().item<long>();
        throw new UserErrorException($"{describe(first)}: no metric can be computed from it.");
    }
}
