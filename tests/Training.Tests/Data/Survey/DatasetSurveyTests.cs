using Atelier.Training.Data;
using Atelier.Training.Data.Survey;
using Atelier.Training.Imaging;
using Atelier.Training.Tests.Imaging;

namespace Atelier.Training.Tests.Data.Survey;

public class DatasetSurveyTests
{
    [Fact]
    public void Run_SoundDataset_SaysWhatIsInIt()
    {
        using var source = TestSource.Of(3, """{"labels": [["0000.png", 2], ["0001.png", 0], ["0002.png", 2]]}""");

        var report = Survey(source);

        Assert.True(report.IsSound && report.IsTrainable);
        Assert.Equal((3, ImageSize.Square(8), 3), (report.Images, report.Size, report.LabelDimension));
        Assert.Equal([1, 0, 2], report.ImagesPerClass);
        Assert.Equal([(3, 3)], report.Channels);
        Assert.Empty(report.Duplicates);
        // Red and green count 0 to 7; blue is the image's number, 0 to 2.
        Assert.Equal([3.5, 3.5, 1.0], report.Mean);
        Assert.Equal(Math.Sqrt(5.25), report.StandardDeviation[0], 1e-12);
        Assert.Equal(Math.Sqrt(2.0 / 3), report.StandardDeviation[2], 1e-12);
        using var dataset = TestSource.Open(TestSource.Of(3), new DatasetOptions { Labels = LabelUse.Ignore });
        Assert.Equal(dataset.ContentHash, report.Sha256);
    }

    [Fact]
    public void Run_EveryKindOfTrouble_IsAllNamed()
    {
        var files = TestSource.Files(4);
        files["0001.png"] = [];
        files["0003.png"] = [1, 2, 3];
        files["copy.png"] = files["0000.png"];
        files["grey.png"] = ImageCodec.EncodeStoredPng(new byte[16], ImageSize.Square(4));
        using var source = new MemoryImageSource("test", files, """{"labels": [["0000.png", "cat"]]}""");

        var report = Survey(source);

        Assert.False(report.IsSound || report.IsTrainable);
        Assert.Equal(["0001.png", "0003.png"], report.Bad.Select(b => b.Name));
        Assert.Equal([("copy.png", "0000.png")], report.Duplicates);
        Assert.Equal([(ImageSize.Square(8), 3), (ImageSize.Square(4), 1)], report.Sizes);
        Assert.Equal([(3, 3), (1, 1)], report.Channels);
        Assert.Null(report.Size);
        Assert.Contains("0000.png", report.LabelProblem!, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(12)] // all of IEND
    [InlineData(20)] // into the pixels' checksum
    [InlineData(40)]
    public void Run_PngThatLostItsLastBytes_IsBad(int lost)
    {
        var files = TestSource.Files(2);
        files["0001.png"] = files["0001.png"][..^lost];
        using var source = new MemoryImageSource("test", files);

        var bad = Assert.Single(Survey(source).Bad);

        Assert.Equal("0001.png", bad.Name);
        Assert.StartsWith("truncated PNG", bad.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Run_ClassesFromOne_AreWarnedOf()
    {
        using var source = TestSource.Of(2, """{"labels": [["0000.png", 1], ["0001.png", 2]]}""");

        var report = Survey(source);

        Assert.True(report.IsSound);
        Assert.Contains("classes are numbered from 1", report.LabelWarning!, StringComparison.Ordinal);
    }

    [Fact]
    public void Run_NothingThere_IsNotSound()
    {
        using var source = TestSource.Of(0);

        var report = Survey(source);

        Assert.False(report.IsSound);
        Assert.Equal([0.0, 0, 0], report.Mean);
        Assert.Null(SamplePicture.Draw(source, report.Bad));
    }

    [Fact]
    public void Draw_SmallImages_AreEnlargedAndEvenlySpaced()
    {
        using var source = TestSource.Of(128);

        var picture = SamplePicture.Draw(source, [])!;

        Assert.Equal(ImageSize.Square(8 * 64), picture.Size);
        Assert.Equal([0, 2, 4, 126], new[] { picture.At(0, 0), picture.At(64, 0), picture.At(128, 0), picture.At(511, 511) }.Select(c => (int)c.Blue));
    }

    [Fact]
    public void Draw_SizesThatDiffer_AreBroughtToOne()
    {
        var files = new Dictionary<string, byte[]> { ["a.png"] = TestImages.Png(300, 200), ["b.png"] = TestImages.Png(10, 40), ["c.png"] = [1] };
        using var source = new MemoryImageSource("test", files);

        Assert.Equal(new ImageSize(256, 128), SamplePicture.Draw(source, [new BadImage("c.png", "damaged")])!.Size);
    }

    [Theory]
    [InlineData("/data/cat_lmdb/", 256, 256, "atelier dataset convert /data/cat_lmdb/ --out cat_lmdb-256.zip --resolution 256 --crop center-crop")]
    [InlineData("/my data/a'b.zip", 512, 384, "atelier dataset convert '/my data/a'\\''b.zip' --out 'a'\\''b-512x384.zip' --resolution 512x384 --crop center-crop")]
    public void ConvertHint_AnyPath_CanBePastedIntoAShell(string path, int width, int height, string expected) =>
        Assert.Equal(expected, ConvertHint.For(path, new ImageSize(width, height)));

    private static DatasetReport Survey(ImageSource source) => DatasetSurvey.Run(source, jobs: 2, cancellation: TestContext.Current.CancellationToken);
}
