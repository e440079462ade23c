using Atelier.Training.Data;
using Atelier.Training.Imaging;

namespace Atelier.Training.Tests.Data;

public class EmojiFacesTests
{
    [Theory]
    [InlineData(32)]
    [InlineData(64)]
    public void Open_AnySize_GivesDifferentFacesOnWhite(int side)
    {
        using var dataset = TestSource.Open(EmojiFaces.Open(ImageSize.Square(side)));

        Assert.Equal(104, dataset.Count);
        Assert.Equal(ImageSize.Square(side), dataset.Resolution);
        var seen = new HashSet<string>();
        for (var i = 0; i < dataset.Count; i++)
        {
            var pixels = new byte[dataset.ImageBytes];
            dataset.CopyPixels(i, mirror: false, pixels);
            var image = new RgbImage(side, side, pixels);
            Assert.True(seen.Add(Convert.ToBase64String(pixels)), $"{dataset.NameOf(i)} looks like another one");
            Assert.Equal(RgbColor.White, image.At(0, 0));
            var inked = Enumerable.Range(0, side * side).Count(p => image.At(p % side, p / side) is { Red: < 240 } or { Green: < 240 } or { Blue: < 240 });
            Assert.True(inked > side * side / 4, $"{dataset.NameOf(i)} has {inked} pixels");
        }
    }

    [Fact]
    public void Open_UnusableSize_IsRefused() =>
        Assert.Equal(DatasetProblem.UnusableSize, Assert.Throws<DatasetException>(() => EmojiFaces.Open(ImageSize.Square(30))).Problem);
}
