using System.IO.Compression;
using System.Text;
using Atelier.Training.Data;
using Atelier.Training.Data.Conversion;
using Atelier.Training.Imaging;
using Atelier.Training.Tests.Imaging;

namespace Atelier.Training.Tests.Data.Conversion;

public sealed class DatasetConversionTests : IDisposable
{
    private const string Labels = """{"labels": [["0000.png", 2], ["0001.png", 0], ["0002.png", 1]]}""";

    private readonly TempFolder _folder = new();

    private string Out => System.IO.Path.Combine(_folder.Path, "out", "set.zip");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Run_ImagesWithLabels_IsThePublishedLayout()
    {
        var result = Convert(TestSource.Of(3, Labels, 16, 16));

        using var zip = ZipFile.OpenRead(Out);
        Assert.Equal(["00000/img00000000.png", "00000/img00000001.png", "00000/img00000002.png", "dataset.json"], zip.Entries.Select(e => e.FullName));
        using var json = new StreamReader(zip.GetEntry("dataset.json")!.Open());
        Assert.Equal("""{"labels": [["00000/img00000000.png", 2], ["00000/img00000001.png", 0], ["00000/img00000002.png", 1]]}""", json.ReadToEnd());
        Assert.Equal((3, 0, ImageSize.Square(16), true, new FileInfo(Out).Length), (result.Images, result.AlreadyThere, result.Size, result.Labels, result.Bytes));
        Assert.Equal([Out], Files());
    }

    [Fact]
    public void Run_Result_TrainsWithTheSamePixelsAndLabels()
    {
        Convert(TestSource.Of(3, Labels, 16, 16));

        using var dataset = TestSource.Open(ImageSource.Open(Out), new DatasetOptions { Labels = LabelUse.Require });

        Assert.Equal((3, 3), (dataset.Count, dataset.LabelDim));
        Assert.Equal([0, 1, 2], Enumerable.Range(0, 3).Select(i => TestSource.NumberAt(dataset, i)));
    }

    [Fact]
    public void Run_LabelVectors_StayWhatTheyAre()
    {
        Convert(TestSource.Of(2, """{"labels": [["0000.png", [0.5, -1]], ["0001.png", [2, 0.1]]]}"""));

        Assert.Equal("""{"labels": [["00000/img00000000.png", [0.5,-1]], ["00000/img00000001.png", [2,0.1]]]}""", Encoding.UTF8.GetString(Entry("dataset.json")));
    }

    [Fact]
    public void Run_NoLabels_SaysNull()
    {
        Convert(TestSource.Of(1));

        Assert.Equal("""{"labels": null}""", Encoding.UTF8.GetString(Entry("dataset.json")));
    }

    [Theory]
    [InlineData("""{"labels": [["0000.png", "cat"], ["0001.png", 1]]}""", "0000.png is \"cat\"")]
    [InlineData("""{"labels": [["0000.png", 1], ["0001.png", 1.5]]}""", "0001.png is 1.5")]
    [InlineData("""{"labels": [["0000.png", 1], ["0001.png", [1]]]}""", "0001.png is [1]")]
    [InlineData("""{"labels": [["0000.png", [1]], ["0001.png", 7]]}""", "0001.png is 7")]
    [InlineData("""{"labels": [["0000.png", [1]], ["0001.png", [null]]]}""", "0001.png contains null")]
    [InlineData("""{"labels": [["0000.png", 1], ["0001.png", -3]]}""", "0001.png has -3")]
    [InlineData("""{"labels": [["0000.png", 1], ["0001.png", 9000000000]]}""", "0001.png is 9000000000")]
    [InlineData("""{"labels": [["0000.png", 1], ["0001.png", 100000]]}""", "0001.png has 100000")]
    public void Run_BadLabels_NamesTheImage(string labels, string part)
    {
        var error = Assert.Throws<DatasetException>(() => Convert(TestSource.Of(2, labels)));

        Assert.Equal(DatasetProblem.Labels, error.Problem);
        Assert.Contains(part, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(7)]
    public void Run_AnyNumberOfJobs_MakesTheSameBytes(int jobs)
    {
        var options = new ConversionOptions { Resolution = ImageSize.Square(8), Crop = CropMode.CenterCrop };
        Convert(TestSource.Of(200, width: 19, height: 11), options with { Jobs = 3 });
        var expected = File.ReadAllBytes(Out);

        Convert(TestSource.Of(200, width: 19, height: 11), options with { Jobs = jobs, Replace = true });

        Assert.Equal(expected, File.ReadAllBytes(Out));
    }

    [Fact]
    public void Run_Interrupted_GoesOnToTheSameBytes()
    {
        var files = TestSource.Files(120);
        files["0003.png"] = [1];
        var options = new ConversionOptions { Jobs = 2, BadImages = BadImagePolicy.Skip };
        Convert(Source(files), options);
        var expected = File.ReadAllBytes(Out);
        File.Delete(Out);
        using var stop = new CancellationTokenSource();

        Assert.ThrowsAny<OperationCanceledException>(() => DatasetConversion.Run(Source(files), Out, options, new Stop(50, stop), cancellation: stop.Token));
        var partial = Assert.Single(Files());
        // What a kill leaves: the last entry is not whole.
        using (var cut = File.OpenWrite(partial))
            cut.SetLength(cut.Length - 17);
        var result = Convert(Source(files), options);

        Assert.InRange(result.AlreadyThere, 40, 119);
        Assert.Equal((119, "0003.png"), (result.Images, Assert.Single(result.Bad).Name));
        Assert.Equal(expected, File.ReadAllBytes(Out));
        Assert.Equal([Out], Files());
    }

    [Fact]
    public void Run_InterruptedWithOtherOptionsOrFiles_BeginsAgain()
    {
        using var stop = new CancellationTokenSource();
        Assert.ThrowsAny<OperationCanceledException>(
            () => DatasetConversion.Run(TestSource.Of(50), Out, new ConversionOptions { Jobs = 1 }, new Stop(20, stop), cancellation: stop.Token));

        var result = Convert(TestSource.Of(50), new ConversionOptions { Jobs = 1, Resolution = ImageSize.Square(4) });

        Assert.Equal((50, 0), (result.Images, result.AlreadyThere));
        Assert.Equal([Out], Files()); // nobody goes on with the other one now
    }

    [Fact]
    public void Run_BadImage_IsNamedOrLeftOut()
    {
        var files = TestSource.Files(5);
        files["0002.png"] = [1, 2, 3];
        files["0004.png"] = [];

        var error = Assert.Throws<DatasetException>(() => Convert(Source(files)));
        var result = Convert(Source(files), new ConversionOptions { BadImages = BadImagePolicy.Skip });

        Assert.Contains("0002.png", error.Message, StringComparison.Ordinal);
        Assert.Contains("--bad-images skip", error.Message, StringComparison.Ordinal);
        Assert.Equal(["0002.png", "0004.png"], result.Bad.Select(b => b.Name));
        using var zip = ZipFile.OpenRead(Out);
        // Numbers are those of the source, as published: what is left out leaves a gap.
        Assert.Equal(["00000/img00000000.png", "00000/img00000001.png", "00000/img00000003.png", "dataset.json"], zip.Entries.Select(e => e.FullName));
    }

    [Fact]
    public void Run_LabelsOfALeftOutImage_GoWithIt()
    {
        var files = TestSource.Files(3);
        files["0001.png"] = [1, 2, 3];

        Convert(new MemoryImageSource("test", files, Labels), new ConversionOptions { BadImages = BadImagePolicy.Skip });

        Assert.Equal("""{"labels": [["00000/img00000000.png", 2], ["00000/img00000002.png", 1]]}""", Encoding.UTF8.GetString(Entry("dataset.json")));
    }

    [Fact]
    public void Run_MostImages_TakesTheFirst()
    {
        var result = Convert(TestSource.Of(9), new ConversionOptions { MostImages = 4 });

        Assert.Equal(4, result.Images);
        Assert.Equal(3, ImageCodec.Decode(Entry("00000/img00000003.png"), RgbColor.White).At(0, 0).Blue);
    }

    [Fact]
    public void Run_TooSmallForTheWideCrop_IsCounted()
    {
        var files = new Dictionary<string, byte[]> { ["a.png"] = TestImages.Png(64, 64), ["b.png"] = TestImages.Png(20, 20), ["c.png"] = TestImages.Png(32, 32) };

        var result = Convert(Source(files), new ConversionOptions { Crop = CropMode.CenterCropWide, Resolution = new ImageSize(32, 24) });

        Assert.Equal((2, 1, ImageSize.Square(32)), (result.Images, result.TooSmall, result.Size));
    }

    [Fact]
    public void Run_MixedSizes_NamesBothAndTheOption()
    {
        var files = new Dictionary<string, byte[]> { ["a.png"] = TestImages.Png(16, 16), ["b.png"] = TestImages.Png(8, 8) };

        var error = Assert.Throws<DatasetException>(() => Convert(Source(files)));

        Assert.Equal(DatasetProblem.MixedSizes, error.Problem);
        Assert.Contains("b.png is 8x8, but those before it are 16x16", error.Message, StringComparison.Ordinal);
        Assert.Contains("--resolution 16x16 --crop center-crop", error.Message, StringComparison.Ordinal);
    }

    public static TheoryData<ConversionOptions, int, string> Unusable => new()
    {
        { new() { Crop = CropMode.CenterCrop }, 8, "--resolution" },
        { new() { Crop = CropMode.CenterCropWide, Resolution = new ImageSize(24, 32) }, 8, "taller than wide" },
        { new() { Resolution = ImageSize.Square(30) }, 8, "multiples of 4" },
        { new(), 7, "multiples of 4" },
    };

    [Theory]
    [MemberData(nameof(Unusable), DisableDiscoveryEnumeration = true)]
    public void Run_OptionsThatCannotWork_SayWhatToChange(ConversionOptions options, int side, string part) =>
        Assert.Contains(part, Assert.Throws<DatasetException>(() => Convert(TestSource.Of(2, width: side, height: side), options)).Message, StringComparison.Ordinal);

    [Fact]
    public void Run_NothingToConvert_IsRefused()
    {
        Assert.Equal(DatasetProblem.Empty, Assert.Throws<DatasetException>(() => Convert(TestSource.Of(0))).Problem);
        Assert.Equal(DatasetProblem.Empty, Assert.Throws<DatasetException>(
            () => Convert(Source(new() { ["a.png"] = [1] }), new ConversionOptions { BadImages = BadImagePolicy.Skip })).Problem);
    }

    [Fact]
    public void Run_OutputIsThere_IsRefusedAndStays()
    {
        Convert(TestSource.Of(2));
        var before = File.ReadAllBytes(Out);

        var error = Assert.Throws<DatasetException>(() => Convert(TestSource.Of(3)));

        Assert.Contains("--force", error.Message, StringComparison.Ordinal);
        Assert.Equal(before, File.ReadAllBytes(Out));
    }

    [Fact]
    public void Run_AnotherProcessWritesTheSame_IsRefused()
    {
        var options = new ConversionOptions { Jobs = 1 };
        DatasetException? error = null;

        DatasetConversion.Run(TestSource.Of(5), Out, options, new Act(() => error ??= Assert.Throws<DatasetException>(() => Convert(TestSource.Of(5), options))), cancellation: TestContext.Current.CancellationToken);

        Assert.Contains("another conversion", error!.Message, StringComparison.Ordinal);
        Assert.True(File.Exists(Out));
    }

    [Fact]
    public void Run_Progress_EndsAtAll()
    {
        var last = new ConversionProgress(0, 0, default, 0);

        DatasetConversion.Run(TestSource.Of(5), Out, new ConversionOptions(), new Last(p => last = p), cancellation: TestContext.Current.CancellationToken);

        Assert.Equal((5, 5), (last.Done, last.Total));
    }

    private ConversionResult Convert(ImageSource source, ConversionOptions? options = null) => DatasetConversion.Run(source, Out, options ?? new ConversionOptions { Jobs = 2 });

    private static MemoryImageSource Source(Dictionary<string, byte[]> files) => new("test", files);

    private string[] Files() => Directory.GetFiles(System.IO.Path.GetDirectoryName(Out)!);

    private byte[] Entry(string name)
    {
        using var zip = ZipFile.OpenRead(Out);
        using var content = new MemoryStream();
        using var entry = zip.GetEntry(name)!.Open();
        entry.CopyTo(content);
        return content.ToArray();
    }

    private sealed class Stop(int after, CancellationTokenSource stop) : IProgress<ConversionProgress>
    {
        public void Report(ConversionProgress value)
        {
            if (value.Done == after)
                stop.Cancel();
        }
    }

    private sealed class Act(Action action) : IProgress<ConversionProgress>
    {
        public void Report(ConversionProgress value) => action();
    }

    private sealed class Last(Action<ConversionProgress> keep) : IProgress<ConversionProgress>
    {
        public void Report(ConversionProgress value) => keep(value);
    }
}
