using Atelier.Training.Interop;
using static Atelier.Training.Interop.TensorArithmetic;
using static TorchSharp.torch;

namespace Atelier.Training.Metrics.Statistics;

/// <summary>
/// The manifold that images span in feature space: a sphere around each, as far as its k-th nearest neighbour
/// (Kynkäänniemi et al. 2019). Precision is the part of generated images inside the real manifold, recall the reverse.
/// </summary>
/// <remarks>
/// Distances are in float64, in blocks within a budget. The published code rounds features and radii to float16, which moves
/// values in their third digit and decides ties; the definition has no rounding.
/// </remarks>
public static class FeatureManifold
{
    /// <summary>The part of <paramref name="probes"/> that lies inside the manifold of <paramref name="images"/>.</summary>
    /// <param name="images">[N, D], more than <paramref name="neighbours"/>.</param>
    /// <param name="probes">[M, D]</param>
    /// <param name="neighbours">k</param>
    /// <param name="budgetBytes">Memory for blocks of features and distances.</param>
    public static double Covered(Tensor images, Tensor probes, int neighbours, long budgetBytes)
    {
        ArgumentNullException.ThrowIfNull(images);
        ArgumentNullException.ThrowIfNull(probes);
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        long side = BlockSide(images.shape[1], budgetBytes);
        var radii = Radii(images, neighbours, side);
        long inside = 0;
        foreach (var (top, height) in Blocks(probes.shape[0], side))
        {
            using var rowScope = NewDisposeScope();
            var rows = Block(probes, top, height);
            var found = zeros([height], ScalarType.Bool);
            foreach (var (left, width) in Blocks(images.shape[0], side))
            {
                using var columnScope = NewDisposeScope();
                var within = Distances(rows, Block(images, left, width)).le(radii.narrow(0, left, width)).any(1);
                found.copy_(found.logical_or(within));
            }
            inside += found.sum().item<long>();
        }
        return (double)inside / probes.shape[0];
    }

    // Distance of every image from its k-th nearest neighbour, the image itself being the 0th. [N]
    private static Tensor Radii(Tensor images, int neighbours, long side)
    {
        var radii = empty([images.shape[0]], ScalarType.Float64);
        foreach (var (top, height) in Blocks(images.shape[0], side))
        {
            using var rowScope = NewDisposeScope();
            var rows = Block(images, top, height);
            var nearest = full([height, neighbours + 1], Number(double.PositiveInfinity), ScalarType.Float64);
            foreach (var (left, width) in Blocks(images.shape[0], side))
            {
                using var columnScope = NewDisposeScope();
                var together = cat([nearest, Distances(rows, Block(images, left, width))], 1);
                nearest.copy_(together.topk(neighbours + 1, 1, largest: false).values);
            }
            radii.narrow(0, top, height).copy_(nearest.select(1, neighbours));
        }
        return radii;
    }

    private static Tensor Distances(Tensor rows, Tensor columns)
    {
        var squared = rows.Squared().sum(1, keepdim: true).Plus(columns.Squared().sum(1)) - rows.matmul(columns.t()).Times(2);
        return squared.clamp_min(Number(0)).sqrt();
    }

    // Rows and columns of float64 features, their distances, and about as many temporaries.
    private static long BlockSide(long width, long budgetBytes)
    {
        double a = 4 * sizeof(double), b = 3 * sizeof(double) * width;
        return Math.Max(16, (long)((Math.Sqrt((b * b) + (4 * a * budgetBytes)) - b) / (2 * a)));
    }

    private static Tensor Block(Tensor all, long start, long count) => all.narrow(0, start, count).to(ScalarType.Float64);

    private static IEnumerable<(long Start, long Count)> Blocks(long count, long side)
    {
        for (long start = 0; start < count; start += side)
            yield return (start, Math.Min(side, count - start));
    }
}
