using Atelier.Core.Randomness;
using FsCheck;
using FsCheck.Fluent;

namespace Atelier.Core.Tests.Randomness;

public class DataOrderTests
{
    private static long[] Epoch(DataOrder order, long epoch) =>
        [.. Enumerable.Range(0, (int)order.Count).Select(i => order.ImageAt(epoch * order.Count + i))];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(16)]
    [InlineData(17)]
    [InlineData(110)]
    [InlineData(1024)]
    public void ImageAt_EachEpoch_IsAPermutation(long count)
    {
        var order = new DataOrder(5, 0, count);
        for (var epoch = 0; epoch < 5; epoch++)
            Assert.Equal(Enumerable.Range(0, (int)count).Select(i => (long)i), Epoch(order, epoch).Order());
    }

    [Fact]
    public void ImageAt_AnySeedAndCount_IsAPermutation() =>
        Check.QuickThrowOnFailure(Prop.ForAll<ulong, byte, ushort>((seed, branch, size) =>
        {
            var count = size % 700 + 1;
            var order = new DataOrder(seed, branch, count);
            return Epoch(order, seed % 9 == 0 ? 0 : branch).Distinct().Count() == count;
        }));

    [Fact]
    public void ImageAt_EpochSeedOrBranchChanged_OrderDiffers()
    {
        var first = Epoch(new DataOrder(5, 0, 110), 0);
        Assert.NotEqual(first, Epoch(new DataOrder(5, 0, 110), 1));
        Assert.NotEqual(first, Epoch(new DataOrder(6, 0, 110), 0));
        Assert.NotEqual(first, Epoch(new DataOrder(5, 1, 110), 0));
        Assert.Equal(first, Epoch(new DataOrder(5, 0, 110), 0));
    }

    [Fact]
    public void ImageAt_ThreeImages_AllSixOrdersAppearAboutEquallyOften()
    {
        var order = new DataOrder(11, 0, 3);
        var counts = Enumerable.Range(0, 6000).Select(e => string.Join(' ', Epoch(order, e)))
            .CountBy(o => o).ToDictionary();
        Assert.Equal(6, counts.Count);
        Assert.All(counts.Values, c => Assert.InRange(c, 700, 1300));
    }

    [Fact]
    public void ImageAt_FirstOfEpoch_IsSpreadOverTheDataset()
    {
        var order = new DataOrder(2, 0, 50);
        var firsts = new int[50];
        for (var epoch = 0; epoch < 10_000; epoch++) firsts[order.ImageAt(epoch * 50L)]++;
        Assert.All(firsts, c => Assert.InRange(c, 130, 270));
    }

    [Fact]
    public void ImageAt_HugeDataset_StaysInRange()
    {
        var order = new DataOrder(1, 0, 1L << 62);
        Assert.InRange(order.ImageAt(long.MaxValue), 0, (1L << 62) - 1);
    }

    [Fact]
    public void MirrorAt_ManyPositions_IsAFairCoinThatDependsOnTheSeed()
    {
        var order = new DataOrder(1, 0, 10);
        var other = new DataOrder(2, 0, 10);
        Assert.Equal(5000, Enumerable.Range(0, 10_000).Count(p => order.MirrorAt(p)), 200.0);
        Assert.Equal(5000, Enumerable.Range(0, 10_000).Count(p => order.MirrorAt(p) == other.MirrorAt(p)), 200.0);
    }

    [Theory]
    [InlineData(0)]
    [InlineData((1L << 62) + 1)]
    public void Constructor_CountOutOfRange_Throws(long count) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new DataOrder(0, 0, count));

    [Fact]
    public void ImageAt_NegativePosition_Throws() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new DataOrder(0, 0, 3).ImageAt(-1));
}
