using Atelier.Core.Runs;
using Atelier.Core.Specs;

namespace Atelier.Core.Tests.Runs;

public sealed class QualityPolicyTests
{
    private static readonly RunSpec Rolls = new() { Rollbacks = 2, Explosion = 3 };

    [Fact]
    public void Judge_TheFirstValue_GoesOn() => Assert.IsType<QualityVerdict.GoOn>(Judge(Rolls with { Patience = 1 }, 0, 50));

    [Fact]
    public void Judge_FarWorse_GoesBackToTheLastGoodOne()
    {
        var verdict = Assert.IsType<QualityVerdict.RollBack>(Judge(Rolls, 0, 50, 20, 40, 200));

        Assert.Equal("3", verdict.Target.Name);
        Assert.Contains("200", verdict.Reason, StringComparison.Ordinal);
        Assert.Contains("20", verdict.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Judge_FarWorseAsOftenAsAllowed_GoesOn() => Assert.IsType<QualityVerdict.GoOn>(Judge(Rolls, 2, 50, 200));

    [Fact]
    public void Judge_MoreIsBetter_LessIsAnExplosion() =>
        Assert.IsType<QualityVerdict.RollBack>(Judge(Rolls with { Metrics = new SpecList("is50k") }, 0, 9, 2));

    [Theory]
    [InlineData(3, true)]
    [InlineData(4, false)]
    public void Judge_NoBetter_StopsAfterItsPatience(double patience, bool stops)
    {
        var verdict = Judge(new RunSpec { Patience = patience }, 0, 20, 21, 22, 20);

        Assert.Equal(stops, verdict is QualityVerdict.Stop);
    }

    [Fact]
    public void Judge_Better_GoesOn() => Assert.IsType<QualityVerdict.GoOn>(Judge(new RunSpec { Patience = 1 }, 0, 20, 21, 22, 19.9));

    [Fact]
    public void Judge_OnAnotherBranch_WhatWasGivenUpDoesNotCount()
    {
        SnapshotFacts[] measured = [At(1, 50), At(2, 200), At(3, 1), At(1, 50, 1), At(2, 60, 1)];

        Assert.IsType<QualityVerdict.GoOn>(QualityPolicy.Judge(measured, measured[^1], Rolls, 1));
        Assert.Equal(
            "3-b1", Assert.IsType<QualityVerdict.RollBack>(QualityPolicy.Judge([At(1, 50), At(2, 40), At(3, 1), At(3, 1, 1), At(4, 60, 1)], At(4, 60, 1), Rolls, 1)).Target.Name);
    }

    [Fact]
    public void LastWell_OnAnotherBranch_IsNothingThatWasGivenUp()
    {
        SnapshotFacts[] all = [At(8, null), At(16, null), At(8, null, 1)];
        var spec = new RunSpec { TickKimg = 4, SnapshotKimg = 4, Batch = 8 };

        Assert.Equal("8", QualityPolicy.LastWell(all, ImageCount.FromKimg(12), spec, 1)!.Name);
        Assert.Equal("8-b1", QualityPolicy.LastWell(all, ImageCount.FromKimg(13), spec, 1)!.Name);
        Assert.Equal("16", QualityPolicy.LastWell(all, ImageCount.FromKimg(21), spec, 0)!.Name);
    }

    private static SnapshotFacts At(double kimg, double? metric, uint branch = 0) => new(branch == 0 ? $"{kimg}" : $"{kimg}-b{branch}", ImageCount.FromKimg(kimg), metric, branch);

    /// <summary>Values at 1, 2, 3, … kimg, the last one new.</summary>
    private static QualityVerdict Judge(RunSpec spec, int rollbacks, params double[] values)
    {
        var measured = values.Select((value, i) => new SnapshotFacts($"{i + 1}", ImageCount.FromKimg(i + 1), value)).ToList();
        return QualityPolicy.Judge(measured, measured[^1], spec, rollbacks);
    }
}
