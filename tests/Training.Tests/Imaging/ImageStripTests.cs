using Atelier.Training.Imaging;

namespace Atelier.Training.Tests.Imaging;

public class ImageStripTests
{
    private static readonly RgbColor Red = new(255, 0, 0);
    private static readonly RgbColor Blue = new(0, 0, 255);

    [Fact]
    public void Compose_SideBySide_ShowsFramesInOrderUnderCaptions()
    {
        StripFrame[] frames = [new("0 kimg", RgbImage.Filled(100, 80, Red)), new("4 kimg", RgbImage.Filled(100, 80, Blue))];

        var strip = ImageStrip.Compose(frames);

        Assert.True(strip.Width > 200 && strip.Height is > 80 and < 160, $"{strip.Size}");
        Assert.Equal(Red, strip.At(strip.Width / 4, strip.Height - 20));
        Assert.Equal(Blue, strip.At(strip.Width * 3 / 4, strip.Height - 20));
        Assert.Contains(Enumerable.Range(0, strip.Width), x => Enumerable.Range(0, 34).Any(y => strip.At(x, y).Red < 128));
    }

    [Fact]
    public void Compose_OneColumn_Stacks()
    {
        StripFrame[] frames = [new("a", RgbImage.Filled(64, 32, Red)), new("b", RgbImage.Filled(64, 32, Blue))];

        var strip = ImageStrip.Compose(frames, columns: 1);

        Assert.True(strip.Height > strip.Width);
        Assert.Equal(Red, strip.At(strip.Width / 2, strip.Height / 3));
        Assert.Equal(Blue, strip.At(strip.Width / 2, strip.Height - 20));
    }
}
