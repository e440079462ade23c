using Atelier.Training.Interop;
using Atelier.Training.Metrics.Samples;
using Atelier.Training.Metrics.Statistics;
using static TorchSharp.torch;

namespace Atelier.Training.Tests.Metrics;

/// <summary>What becomes of features; the published implementation's values stand in tests/Oracles.</summary>
public sealed class StatisticsTests
{
    [Theory]
    [InlineData(3, 50)]
    [InlineData(64, 500)]
    [InlineData(300, 900)] // more columns than a block
    public void FrechetDistance_FullRank_IsTheReference(int width, int count)
    {
        using var scope = NewDisposeScope();
        using var real = FeatureMoments.Of(Features(count, width, seed: 1));
        using var generated = FeatureMoments.Of(Features(count, width, seed: 2) + 0.1);

        AssertClose(FrechetDistance.Reference(real, generated), FrechetDistance.Between(real, generated), 1e-9);
    }

    [Theory]
    [InlineData(20, 500)]
    [InlineData(500, 20)]
    [InlineData(20, 30)]
    public void FrechetDistance_RankDeficient_IsTheOneInTheSubspace(int realCount, int generatedCount)
    {
        using var scope = NewDisposeScope();
        // 8 features that vary, turned into 40: the distance does not see the turn, and 32 eigenvalues of both sides are zero.
        var turn = linalg.qr(Features(40, 40, seed: 9)).Q.narrow(0, 0, 8);
        var (real, generated) = (Features(realCount, 8, seed: 1), Features(generatedCount, 8, seed: 2) * 2);
        using var narrowReal = FeatureMoments.Of(real);
        using var narrowGenerated = FeatureMoments.Of(generated);
        using var wideReal = FeatureMoments.Of(real.matmul(turn));
        using var wideGenerated = FeatureMoments.Of(generated.matmul(turn));

        double expected = FrechetDistance.Between(narrowReal, narrowGenerated);
        AssertClose(expected, FrechetDistance.Between(wideReal, wideGenerated), 1e-11);
        AssertClose(expected, FrechetDistance.Reference(wideReal, wideGenerated), 1e-6);
    }

    [Fact]
    public void FrechetDistance_OfASampleFromItself_IsZero()
    {
        using var scope = NewDisposeScope();
        using var moments = FeatureMoments.Of(Features(400, 50, seed: 3));

        Assert.InRange(FrechetDistance.Between(moments, moments), -1e-9, 1e-9);
    }

    [Fact]
    public void FrechetDistance_KnownNormals_IsTheFormula()
    {
        using var scope = NewDisposeScope();
        // Diagonal covariances: Σ (√a − √b)² + |Δμ|².
        using var side = FrechetSide.Of(tensor([1.0, 2]), tensor([4.0, 0, 0, 9], [2, 2]));

        AssertClose(1 + 4 + (1 - 2) * (1 - 2) + 0, FrechetDistance.Between(side, tensor([2.0, 4]), tensor([1.0, 0, 0, 9], [2, 2])), 1e-12);
    }

    [Fact]
    public void FeatureMoments_AddedInOrder_AreThoseOfAll()
    {
        using var scope = NewDisposeScope();
        var all = Features(70, 6, seed: 4);
        using var whole = FeatureMoments.Of(all);
        using var sum = FeatureMoments.Of(all.narrow(0, 0, 30));
        using var rest = FeatureMoments.Of(all.narrow(0, 30, 40));
        sum.Add(rest);

        Assert.Equal(70, sum.Count);
        Assert.True(sum.Outer.allclose(whole.Outer, 1e-12, 1e-12) && sum.Sum.allclose(whole.Sum, 1e-12, 1e-12));
    }

    [Fact]
    public void KernelDistance_AnyBudget_SameValue()
    {
        using var scope = NewDisposeScope();
        var (real, generated) = (Features(60, 5, seed: 5), Features(60, 5, seed: 6) * 1.5);

        double expected = KernelDistance.OfSubset(real, generated, 1 << 20);
        AssertClose(expected, KernelDistance.OfSubset(real, generated, 1), 1e-12);
        AssertClose(expected, KernelDistance.Mean(real, generated, subsets: 2, most: 60, seed: 0, 1 << 20), 1e-9); // all of both, in another order
    }

    [Theory]
    [InlineData(1)]
    [InlineData(1 << 20)]
    public void FeatureManifold_AnyBudget_IsThatOfTheDefinition(long budgetBytes)
    {
        using var scope = NewDisposeScope();
        var (images, probes) = (Features(70, 4, seed: 7), Features(90, 4, seed: 8) * 1.5);
        double[][] a = ToArrays(images), b = ToArrays(probes);
        static double Distance(double[] x, double[] y) => Math.Sqrt(x.Zip(y).Sum(pair => (pair.First - pair.Second) * (pair.First - pair.Second)));
        var radii = a.Select(x => a.Select(y => Distance(x, y)).Order().ElementAt(3)).ToArray();
        double expected = b.Count(probe => a.Zip(radii).Any(pair => Distance(probe, pair.First) <= pair.Second)) / (double)b.Length;

        Assert.InRange(expected, 0.1, 0.9);
        Assert.Equal(expected, FeatureManifold.Covered(images, probes, neighbours: 3, budgetBytes), 12);
    }

    [Fact]
    public void InceptionScore_CertainAndBalanced_IsTheNumberOfClasses()
    {
        using var scope = NewDisposeScope();
        var certain = eye(4).repeat(5, 1); // zeros beside each one: 0·log 0 is 0

        var (mean, deviation) = InceptionScore.Of(certain, splits: 5);

        Assert.Equal((4, 0), (Math.Round(mean, 9), Math.Round(deviation, 9)));
    }

    [Fact]
    public void Slerp_Ends_AreTheUnitVectors()
    {
        using var scope = NewDisposeScope();
        var (a, b) = (Features(3, 8, seed: 1), Features(3, 8, seed: 2));
        static Tensor Unit(Tensor x) => x / x.Squared().sum(1, keepdim: true).sqrt();

        Assert.True(PathLengthSamples.Slerp(a, b, zeros(3, 1, dtype: ScalarType.Float64)).allclose(Unit(a)));
        Assert.True(PathLengthSamples.Slerp(a, b, ones(3, 1, dtype: ScalarType.Float64)).allclose(Unit(b)));
        var middle = PathLengthSamples.Slerp(a, b, full([3, 1], 0.5, ScalarType.Float64));
        Assert.True((middle * Unit(a)).sum(1).allclose((middle * Unit(b)).sum(1)), "as far from either end");
    }

    private static Tensor Features(int count, int width, int seed)
    {
        var values = empty([count, width], ScalarType.Float64);
        Training.Ops.PhiloxFill.Normal(values, (ulong)seed, 0);
        return values;
    }

    private static double[][] ToArrays(Tensor rows) => rows.data<double>().ToArray().Chunk((int)rows.shape[1]).ToArray();

    private static void AssertClose(double expected, double actual, double relative) =>
        Assert.True(Math.Abs(actual - expected) <= relative * Math.Max(Math.Abs(expected), 1e-6), $"{actual} is not {expected} within {relative}");
}
