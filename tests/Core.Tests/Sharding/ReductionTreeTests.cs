using Atelier.Core.Sharding;

namespace Atelier.Core.Tests.Sharding;

public class ReductionTreeTests
{
    [Theory]
    [InlineData(2, 1)]
    [InlineData(3, 2)]
    [InlineData(4, 2)]
    [InlineData(5, 4)]
    [InlineData(7, 4)]
    [InlineData(8, 4)]
    [InlineData(9, 8)]
    public void Split_Count_LeftHasTheLargestPowerOfTwoBelowIt(int count, int left)
    {
        var (l, r) = ReductionTree.Split(new(3, 3 + count));
        Assert.Equal(new ShardRange(3, 3 + left), l);
        Assert.Equal(new ShardRange(3 + left, 3 + count), r);
    }

    [Fact]
    public void Cover_ThreeOfEightFromTheMiddle_IsLeafPairAndLeaf()
    {
        var tree = new ReductionTree(8);
        Assert.Equal([new ShardRange(3, 4), new(4, 6)], tree.Cover(new(3, 6)));
        Assert.Equal([new ShardRange(0, 8)], tree.Cover(new(0, 8)));
        Assert.Equal([new ShardRange(4, 8)], tree.Cover(new(4, 8)));
    }

    [Fact]
    public void Cover_RightEdgeOfAnOddTree_IsOneNode() =>
        Assert.Equal([new ShardRange(4, 7)], new ReductionTree(7).Cover(new(4, 7)));

    [Fact]
    public void Cover_BeyondTheShards_Throws() =>
        Assert.Throws<ArgumentException>(() => new ReductionTree(4).Cover(new(2, 5)));

    [Fact]
    public void ParentOf_Nodes_IsTheNodeThatSplitsIntoThem()
    {
        var tree = new ReductionTree(6);
        Assert.Null(tree.ParentOf(new(0, 6)));
        Assert.Equal(new ShardRange(0, 6), tree.ParentOf(new(4, 6)));
        Assert.Equal(new ShardRange(4, 6), tree.ParentOf(new(5, 6)));
        Assert.Throws<ArgumentException>(() => tree.ParentOf(new(1, 3)));
    }

    [Fact]
    public void Combine_AShardMissingOrTwice_Throws()
    {
        var tree = new ReductionTree(3);
        Assert.Throws<ArgumentException>(() => tree.Combine([new SubtreeSum<double>(new(0, 2), 1)], (a, b) => a + b));
        Assert.Throws<ArgumentException>(() => tree.Combine(
            [new SubtreeSum<double>(new(0, 2), 1), new(new(1, 2), 1), new(new(2, 3), 1)], (a, b) => a + b));
    }

    [Fact]
    public void Constructor_NoShards_Throws() => Assert.Throws<ArgumentOutOfRangeException>(() => new ReductionTree(0));
}
