using Atelier.Storage.Snapshots;

namespace Atelier.Storage.Tests.Snapshots;

public class SnapshotNameTests
{
    [Theory]
    [InlineData(0, 0u, "000000.000")]
    [InlineData(200_000, 0u, "000200.000")]
    [InlineData(9_416, 0u, "000009.416")]
    [InlineData(9_416, 3u, "000009.416-b3")]
    [InlineData(1_234_567_890, 0u, "1234567.890")]
    public void TryParse_Name_GivesItBack(long images, uint branch, string text)
    {
        var name = new SnapshotName(branch, new(images));
        Assert.Equal(text, name.ToString());
        Assert.Equal(name, SnapshotName.TryParse(text));
    }

    [Theory]
    [InlineData("200.000")]
    [InlineData("0000200.000")]
    [InlineData("000200.000-b0")]
    [InlineData("000200.000-b01")]
    [InlineData("000200.000-b99999999999")]
    [InlineData("99999999999999999999.000")]
    [InlineData("000200.000\n")]
    [InlineData("notes")]
    public void TryParse_AnythingElse_IsNoName(string text) => Assert.Null(SnapshotName.TryParse(text));

    [Fact]
    public void Comparison_Branches_ComeBeforeImages()
    {
        var (old, rolledBack) = (new SnapshotName(0, new(400)), new SnapshotName(1, new(300)));
        Assert.True(old < rolledBack && rolledBack > old && old <= rolledBack && rolledBack >= old);
        Assert.True(old < new SnapshotName(0, new(500)));
        Assert.Equal(1, old.CompareTo(null));
    }
}
