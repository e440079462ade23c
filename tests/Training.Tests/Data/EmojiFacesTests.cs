using Atelier.Training.Data;
using Atelier.Training.Imaging;

namespace Atelier.Training.Tests.Data;

public class EmojiFacesTests
{
    [Theory]
    [InlineData(32)]
    [InlineData(64)]
    public void Draw_Faces_GivesAboutAHundredAndTenDifferentFacesOnWhite(int side)
    {
        using var dataset = TestSource.Open(EmojiFaces.Draw(ImageSize.Square(side)));

        Assert.InRange(dataset.Count, 95, 120);
        Assert.Equal(ImageSize.Square(side), dataset.Resolution);
        var seen = new HashSet<string>();
        for (var i = 0; i < dataset.Count; i++)
        {
            var pixels = new byte[dataset.ImageBytes];
            dataset.CopyPixels(i, mirror: false, pixels);
            var image = new RgbImage(side, side, pixels);
            Assert.True(seen.Add(Convert.ToBase64String(pixels)), $"{dataset.NameOf(i)} looks like another one");
            Assert.Equal(RgbColor.White, image.At(0, 0));
            // A face is a large thing; a missing glyph would be a thin box.
            var inked = Enumerable.Range(0, side * side).Count(p => image.At(p % side, p / side) is { Red: < 240 } or { Green: < 240 } or { Blue: < 240 });
            Assert.True(inked > side * side / 4, $"{dataset.NameOf(i)} has {inked} pixels");
        }
    }

    [Fact]
    public void Draw_All_GivesTheFontsWholeSet()
    {
        using var source = EmojiFaces.Draw(ImageSize.Square(8), EmojiSet.All);

        Assert.InRange(source.ImageNames.Count, 1000, 1600);
        Assert.Contains("emoji_u2600.png", source.ImageNames);
        Assert.Contains("emoji_u1f600.png", source.ImageNames);
        Assert.DoesNotContain("emoji_u1f3fb.png", source.ImageNames);
    }

    [Fact]
    public void Draw_UnusableSize_IsRefused() =>
        Assert.Equal(DatasetProblem.UnusableSize, Assert.Throws<DatasetException>(() => EmojiFaces.Draw(ImageSize.Square(30))).Problem);

    [Fact]
    public void Draw_WithoutTheFont_SaysWhatToInstall()
    {
        var error = Assert.Throws<DatasetException>(() => EmojiFaces.Draw(ImageSize.Square(32), EmojiSet.Faces, "No Such Font 3000"));

        Assert.Equal(DatasetProblem.MissingFont, error.Problem);
        Assert.Contains("apt-get install fonts-noto-color-emoji", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Find_FontThatIsNotInstalled_IsNull() => Assert.Null(GlyphFont.Find("No Such Font 3000"));
}
