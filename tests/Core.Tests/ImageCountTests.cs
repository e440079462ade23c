namespace Atelier.Core.Tests;

public class ImageCountTests
{
    [Fact]
    public void FromKimg_Fraction_IsTheNearestImage()
    {
        Assert.Equal(new ImageCount(9400), ImageCount.FromKimg(9.4));
        Assert.Equal(1.016, new ImageCount(1016).Kimg);
        Assert.Equal("1.016 kimg", new ImageCount(1016).ToString());
    }

    [Fact]
    public void Comparison_Counts_OrderByImages()
    {
        var small = new ImageCount(16);
        var large = small.Add(16);
        Assert.True(small < large && large > small && small <= large && large >= small);
        Assert.Equal(-1, Math.Sign(small.CompareTo(large)));
        Assert.Throws<OverflowException>(() => new ImageCount(long.MaxValue).Add(1));
    }
}
