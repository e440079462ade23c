using Atelier.Core.Specs;

namespace Atelier.Core.Tests.Specs;

public class ResolutionTests
{
    [Theory]
    [InlineData(4, 4, 0, 4, 4)]
    [InlineData(8, 8, 1, 4, 4)]
    [InlineData(1024, 1024, 8, 4, 4)]
    [InlineData(384, 512, 7, 3, 4)]
    [InlineData(512, 256, 7, 4, 2)]
    [InlineData(48, 48, 3, 6, 6)]
    [InlineData(640, 384, 7, 5, 3)]
    public void Doublings_Workable_LeaveAConstantOfAboutFour(int height, int width, int doublings, int baseHeight, int baseWidth)
    {
        var resolution = new Resolution(height, width);
        Assert.True(resolution.IsWorkable);
        Assert.Equal((doublings, baseHeight, baseWidth), (resolution.Doublings, resolution.BaseHeight, resolution.BaseWidth));
    }

    [Theory]
    [InlineData(100, 100)]
    [InlineData(33, 33)]
    [InlineData(2, 2)]
    [InlineData(64, 63)]
    [InlineData(600, 400)]
    [InlineData(0, 0)]
    public void IsWorkable_CannotBeDoubledInto_IsFalse(int height, int width) =>
        Assert.False(new Resolution(height, width).IsWorkable);

    [Theory]
    [InlineData(100, 80, 64)]
    [InlineData(3, 3, 4)]
    [InlineData(256, 300, 256)]
    public void NearestPowerOfTwo_AnySize_IsASquareWithinTheShorterSide(int height, int width, int side) =>
        Assert.Equal(new Resolution(side, side), new Resolution(height, width).NearestPowerOfTwo());
}
